import { describe, expect, it } from 'vitest'
import type { EventType } from './event-data.ts'
import { mermaid } from './mermaid.ts'
import { type AnyProcessor, defineProcessor } from './processor.ts'
import { joinTopology } from './topology.ts'

function processor(name: string, taken: readonly EventType[], out: readonly EventType[]): AnyProcessor {
  return defineProcessor({
    name,
    title: `${name} "does" <it>`,
    in: taken,
    out,
    version: 1,
    key: (event) => event.key,
    initial: () => ({}),
    process: () => undefined
  })
}

const ENDS = { inputs: ['TagMovement', 'TagInfo'], sinks: ['DeviceStatus', 'SourceLost'] } as const

describe('joinTopology', () => {
  it('puts makers before takers, whatever the order of declaration', () => {
    const last = processor('last', ['SourceLost'], ['SourceRestored'])
    const first = processor('first', ['TagMovement'], ['TagAlert'])
    const middle = processor('middle', ['TagAlert', 'TagInfo'], ['SourceLost'])
    const { processors, takers } = joinTopology([last, middle, first], { ...ENDS, sinks: ['SourceRestored'] })
    expect(processors.map(({ name }) => name)).toEqual(['first', 'middle', 'last'])
    expect(takers.get('TagAlert')).toEqual([1])
    expect(takers.get('TagMovement')).toEqual([0])
  })

  it.each([
    [
      'a type that nobody makes',
      [processor('a', ['TagAlert'], ['SourceLost'])],
      'a takes TagAlert, which no processor and no source makes'
    ],
    [
      'a type that nobody takes',
      [processor('a', ['TagInfo'], ['TagAlert'])],
      'a makes TagAlert, which no processor takes and the contract does not know'
    ],
    [
      'a name given twice',
      [processor('a', ['TagInfo'], []), processor('a', ['TagInfo'], [])],
      'two processors are named a; give one of them another name'
    ],
    [
      'a circle',
      [
        processor('in', ['TagInfo'], ['TagAlert']),
        processor('a', ['TagAlert', 'SourceLost'], ['DataGap']),
        processor('b', ['DataGap'], ['SourceLost'])
      ],
      'processors feed one another in a circle: a → b → a'
    ],
    [
      'a processor that feeds itself',
      [processor('a', ['TagInfo', 'SourceLost'], ['SourceLost'])],
      'processors feed one another in a circle: a → a'
    ]
  ])('refuses %s by name', (_what, processors, message) => {
    expect(() => joinTopology(processors, ENDS)).toThrowError(expect.objectContaining({ code: 'PIPELINE_INVALID', message }))
  })
})

describe('mermaid', () => {
  it('draws events and processors', () => {
    const text = mermaid(joinTopology([processor('locate-tag', ['TagMovement'], ['SourceLost'])], ENDS))
    expect(text).toBe(
      [
        'flowchart LR',
        '  TagMovement([TagMovement])',
        '  TagInfo([TagInfo])',
        '  SourceLost([SourceLost])',
        '  p_locate_tag["locate-tag<br/><small>locate-tag &quot;does&quot; &lt;it&gt;</small>"]',
        '  TagMovement --> p_locate_tag',
        '  p_locate_tag --> SourceLost',
        ''
      ].join('\n')
    )
  })
})
