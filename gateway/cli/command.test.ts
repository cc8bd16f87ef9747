import { describe, expect, it } from 'vitest'
import { notOneOf, parseOptions } from './command.ts'
import { readFilter } from './log-export.ts'

const OPTIONS = {
  config: { type: 'string', default: 'tagward.yaml' },
  count: { type: 'string', short: 'n' },
  key: { type: 'string', multiple: true },
  follow: { type: 'boolean', short: 'f', default: false }
} as const

function refusal(task: () => unknown): string {
  try {
    task()
  } catch (error) {
    expect(error).toMatchObject({ code: 'CLI_USAGE' })
    return (error as Error).message
  }
  return 'taken'
}

describe('parseOptions', () => {
  it.each([
    [['--confg', 'x'], 'there is no option --confg; did you mean --config?'],
    [['-x'], 'there is no option -x; there are: --config, --count, --key, --follow'],
    [['--toString'], 'there is no option --toString; there are: --config, --count, --key, --follow'],
    [['--config'], '--config needs a value'],
    [['--config='], '--config needs a value'],
    [['--config', ''], '--config needs a value'],
    [['--config', '--follow'], '--config needs a value; if --follow is meant, write --config=--follow'],
    [['-n', '-1'], '-n needs a value; if -1 is meant, write --count=-1'],
    [['--config', 'a', '--config=b'], '--config is given twice'],
    [['--follow=yes'], '--follow takes no value'],
    [['x'], '"x" is not expected here; name it by --config'],
    [['--', '--config'], '"--config" is not expected here; name it by --config']
  ])('refuses %j', (argv, message) => {
    expect(refusal(() => parseOptions(argv, OPTIONS, 'name it by --config'))).toBe(message)
  })

  it('takes what is right, in all ways of writing it', () => {
    const { values, positionals } = parseOptions(['-fn5', '--key', 'a', 'file', '--key=-b', '--', '-c'], OPTIONS, true)
    expect({ ...values }).toEqual({ config: 'tagward.yaml', count: '5', key: ['a', '-b'], follow: true })
    expect(positionals).toEqual(['file', '-c'])
    expect(refusal(() => parseOptions(['a'], {}))).toBe('"a" is not expected here')
    expect(refusal(() => parseOptions(['--a'], {}))).toBe('there is no option --a; it takes none')
  })
})

it('tells the nearest of a list, or all', () => {
  expect(notOneOf('fruit', 'aple', ['apple', 'pear']).message).toBe('there is no fruit "aple"; did you mean apple?')
  expect(notOneOf('fruit', 'kiwi', ['apple', 'pear']).message).toBe('there is no fruit "kiwi"; there are: apple, pear')
})

describe('the filter of log tail and log export', () => {
  const when = (option: string) => `--${option} takes a time such as 2026-11-20T09:30:00Z, 2026-11-20, or epoch milliseconds`
  it.each([
    [{ type: ['TagMovment'] }, 'there is no event type "TagMovment"; did you mean TagMovement?'],
    [{ type: ['TagAlert', 'tagalert'] }, 'there is no event type "tagalert"; did you mean TagAlert?'],
    [
      { type: ['Foo'] },
      'there is no event type "Foo"; there are: TagMovement, TagInfo, DeviceStatus, TagAlert, GatewayStatus, SourceLost, SourceRestored, DataGap'
    ],
    [{ lane: 'Alarm' }, '--lane takes alarm or telemetry'],
    [{ from: 'yesterday' }, when('from')],
    [{ to: '2026-02-30' }, when('to')],
    [{ from: '2026-13-01' }, when('from')],
    [{ from: '2026-11-20T25:00Z' }, when('from')],
    [{ from: '2026-11-20T09:30:00' }, when('from')],
    [{ from: '2026-11-20', to: '2026-11-19' }, '--from is after --to, so nothing can be between them']
  ])('refuses %j', (values, message) => expect(refusal(() => readFilter(values))).toBe(message))

  it('takes times in every form', () => {
    const { timeFrom, timeTo } = readFilter({ from: '2026-11-20', to: '2026-11-20T01:00:00.5+01:00' })
    expect([timeFrom, timeTo]).toEqual([Date.UTC(2026, 10, 20), Date.UTC(2026, 10, 20) + 500])
    expect(readFilter({ from: '1700000000000', type: ['TagAlert'], lane: 'alarm' })).toMatchObject({
      timeFrom: 1_700_000_000_000,
      timeTo: Number.POSITIVE_INFINITY,
      lanes: ['alarm']
    })
  })
})
