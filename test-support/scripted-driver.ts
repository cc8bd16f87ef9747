import {
  type Command,
  type Driver,
  type DriverContext,
  DriverError,
  type DriverRun,
  type SendOptions,
  type SendOutcome
} from '../drivers/driver.ts'

/** What a scripted run does when it is started or stopped. */
export type ScriptedAct = 'succeed' | 'hang' | 'throw' | 'fail' | 'fail-for-good'

export interface ScriptedSettings {
  /** One act per run, the last one for all further runs. */
  readonly start: readonly ScriptedAct[]
  readonly stop?: readonly ScriptedAct[]
  readonly createThrows?: boolean
}

export interface ScriptedRun {
  readonly settings: ScriptedSettings
  readonly context: DriverContext
  readonly number: number
  started: boolean
  stopCalls: number
}

/** A driver that does as a test says, and keeps what was done to it. */
export function createScriptedDriver(kind = 'scripted'): Driver<ScriptedSettings> & {
  readonly runs: readonly ScriptedRun[]
  onSend: (run: ScriptedRun, command: Command, options: SendOptions) => Promise<SendOutcome>
} {
  const runs: ScriptedRun[] = []
  const runsOf = new Map<string, number>()
  const pick = (acts: readonly ScriptedAct[] | undefined, index: number): ScriptedAct =>
    acts?.[Math.min(index, acts.length - 1)] ?? 'succeed'
  const perform = (act: ScriptedAct): Promise<void> => {
    switch (act) {
      case 'succeed':
        return Promise.resolve()
      case 'hang':
        return new Promise(() => undefined)
      case 'throw':
        throw new TypeError('a defect in the driver')
      case 'fail':
        return Promise.reject(new DriverError('LINK_OPEN_FAILED', 'the link does not open', { retriable: true }))
      case 'fail-for-good':
        return Promise.reject(new DriverError('LINK_REFUSED', 'the link refuses these settings', { retriable: false }))
    }
  }
  const driver = {
    kind,
    title: 'Scripted driver for tests',
    carries: [],
    runs,
    onSend: (_run: ScriptedRun, _command: Command, _options: SendOptions): Promise<SendOutcome> =>
      Promise.resolve({ stage: 'unsupported' }),
    settings: {
      parse(input: unknown): ScriptedSettings {
        if (typeof input === 'object' && input !== null && 'start' in input) return input as ScriptedSettings
        throw new TypeError('start: expected a list')
      }
    },
    createRun(settings: ScriptedSettings, _codec: unknown, context: DriverContext): DriverRun {
      if (settings.createThrows) throw new TypeError('a defect in createRun')
      const number = runsOf.get(context.sourceId) ?? 0
      runsOf.set(context.sourceId, number + 1)
      const run: ScriptedRun = { settings, context, number, started: false, stopCalls: 0 }
      runs.push(run)
      return {
        async start() {
          await perform(pick(settings.start, number))
          run.started = true
        },
        stop() {
          run.stopCalls++
          return perform(pick(settings.stop, number))
        },
        send: (_target, command, options) => driver.onSend(run, command, options)
      }
    }
  }
  return driver
}
