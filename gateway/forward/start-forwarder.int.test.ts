import { rmSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { type ScriptedKafka, startScriptedKafka } from '../../test-support/scripted-kafka/scripted-kafka.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { freshDirectory, movement, openTestLog } from '../log/log-test-support.ts'
import type { EventLogHandle } from '../log/open-event-log.ts'
import { openLogReader } from '../log/open-log-reader.ts'
import type { ForwarderStatus } from './forwarder-status.ts'
import { type ForwarderHandle, startForwarder } from './start-forwarder.ts'

describe("the forwarder's thread", () => {
  const identity = { site: 'site', gatewayId: 'gw' }
  let kafka: ScriptedKafka
  let log: EventLogHandle
  let directory: string
  let forwarder: ForwarderHandle | undefined

  beforeEach(async () => {
    kafka = await startScriptedKafka()
    directory = freshDirectory()
    log = await openTestLog(directory)
  })
  afterEach(async () => {
    await forwarder?.close()
    await log.close()
    await kafka.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  const settings = () => ({ brokers: kafka.brokers, prefix: 'p' })
  const drained = () =>
    waitFor('all is sent', () => {
      const status = forwarder?.status()
      return status?.connected && status.lanes.telemetry.acceptedCount > 0 && status.lanes.telemetry.backlog === 0
    })

  it('sends what is appended, and its cursors reach the log', async () => {
    forwarder = startForwarder({ log, identity, kafka: settings() })
    for (let n = 0; n < 100; n++) log.append(movement(n))
    await log.flush()
    await drained()
    expect(kafka.values('p.tag-movement')).toHaveLength(100)
    log.append(movement(100))
    await log.flush()
    const reader = openLogReader(log.path)
    await waitFor('cursors are written', () =>
      reader.cursors().some(({ topic, sequence }) => topic === 'p.tag-movement' && sequence >= 100)
    )
    reader.close()
  })

  it('is started again when it dies', async () => {
    const logger = createMemoryLogger()
    let starts = 0
    const told: boolean[] = []
    const toldBeforeRestart: boolean[] = []
    const failingAtFirst = {
      get path() {
        if (starts === 1) toldBeforeRestart.push(...told)
        return starts++ === 0 ? `${directory}/no-such-log` : log.path
      },
      attachForwarder: () => log.attachForwarder()
    }
    log.append(movement(1))
    await log.flush()
    const onStatus = (status: ForwarderStatus) => told.push(status.connected)
    forwarder = startForwarder({ log: failingAtFirst, identity, kafka: settings(), logger, onStatus })
    await drained()
    expect(starts).toBe(2)
    expect(toldBeforeRestart).toEqual([false])
    expect(logger.lines.some(({ message }) => message === 'the forwarder thread failed')).toBe(true)
    expect(kafka.values('p.tag-movement')).toHaveLength(1)
  })

  it('closes its connections when it goes offline, and when it ends', async () => {
    log.append(movement(1))
    await log.flush()
    forwarder = startForwarder({ log, identity, kafka: settings() })
    await drained()
    await forwarder.reconfigure(undefined)
    await waitFor('no connection is left', () => kafka.connectionCount === 0)
    await forwarder.reconfigure(settings())
    await waitFor('it is connected', () => forwarder?.status().connected)
    await forwarder.close()
    await waitFor('no connection is left', () => kafka.connectionCount === 0)
  })
})
