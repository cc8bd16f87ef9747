import { describe, expect, it } from 'vitest'
import { runCliProcess } from '../../test-support/run-cli.ts'

const anchors = [
  { id: 'A', x: 0, y: 0, z: 1.2 },
  { id: 'B', x: 10, y: 0, z: 1.2 },
  { id: 'C', x: 0, y: 10, z: 1.2 }
]
const line = (t: number, x: number, y: number): string =>
  JSON.stringify({ tag: '7', t, anchors, ranges: anchors.map(({ id, x: ax, y: ay }) => ({ id, d: Math.hypot(x - ax, y - ay) })), dims: 2 })
const answers = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((each) => JSON.parse(each) as unknown)

describe('tagward locate', () => {
  it('answers each line, in order, bad ones with what is wrong', async () => {
    const input = [line(0, 3, 4), 'nonsense', line(1, 5, 5)].join('\n')
    const { code, stdout, stderr } = await runCliProcess(['locate'], { input })
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(answers(stdout)).toEqual([
      { x: expect.closeTo(3, 5), y: expect.closeTo(4, 5), z: expect.closeTo(1.2, 5), accuracy: expect.any(Number), used: ['A', 'B', 'C'] },
      { error: expect.stringContaining('not JSON') },
      expect.objectContaining({ x: expect.closeTo(5, 5), y: expect.closeTo(5, 5) })
    ])
  })

  it('smooths, from a carrying height of choice', async () => {
    const input = [line(0, 3, 4), line(1, 3, 4), line(0.5, 3, 4)].join('\n')
    const { code, stdout } = await runCliProcess(['locate', '--smooth', '--carrying-height', '1.2'], { input })
    expect(code).toBe(0)
    expect(answers(stdout)[2]).toEqual({ error: 't goes back: 0.5 s after 1 s of the same tag' })
  })

  it('says what is wrong with its arguments', async () => {
    expect(await runCliProcess(['locate', '--carrying-height', 'tall'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--carrying-height takes metres')
    })
    expect(await runCliProcess(['locate', 'file'])).toMatchObject({ code: 2, stderr: expect.stringContaining('read from stdin') })
  })
})
