import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

// From dist/gateway/web, where this runs, to the sources of the page.
const css = readFileSync(new URL('../../../gateway/web/page/src/style/base.css', import.meta.url), 'utf8')
const [darkText = '', lightText = ''] = css.split('@media (prefers-color-scheme: light)')
const palette = (text: string): Map<string, string> =>
  new Map([...text.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1] ?? '', match[2] ?? '']))
const dark = palette(darkText)
const light = new Map([...dark, ...palette(lightText.slice(0, lightText.indexOf('}')))])

/** Relative luminance by WCAG 2.2. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (high + 0.05) / (low + 0.05)
}

/** Words on grounds as the style sheets combine them: 4.5 to 1. */
const TEXTS = [
  ['text', 'ground'],
  ['text', 'panel'],
  ['text', 'raised'],
  ['text', 'live-soft'],
  ['text', 'amber-ground'],
  ['text', 'red-ground'],
  ['quiet', 'ground'],
  ['quiet', 'panel'],
  ['quiet', 'raised'],
  ['quiet', 'room'],
  ['quiet', 'floor'],
  ['quiet', 'live-soft'],
  ['quiet', 'red-ground'],
  ['amber', 'panel'],
  ['red', 'panel'],
  ['red', 'raised'],
  ['red', 'red-ground'],
  ['on-red', 'red-fill'],
  ['on-loud', 'loud'],
  ['ground', 'text']
] as const
/** Marks and edges that carry meaning: 3 to 1. */
const MARKS = [
  ['live', 'room'],
  ['live', 'floor'],
  ['live', 'panel'],
  ['strong-line', 'panel'],
  ['strong-line', 'raised'],
  ['focus', 'ground'],
  ['focus', 'panel'],
  ['amber', 'panel']
] as const

describe.each([
  ['dark', dark],
  ['light', light]
])('the %s palette', (_name, colours) => {
  const of = (name: string): string => colours.get(name) ?? ''
  it.each(TEXTS)('can be read: %s on %s', (front, back) => expect(contrast(of(front), of(back))).toBeGreaterThanOrEqual(4.5))
  it.each(MARKS)('can be seen: %s on %s', (front, back) => expect(contrast(of(front), of(back))).toBeGreaterThanOrEqual(3))
})

describe('the palettes', () => {
  it('are really two', () => {
    expect(dark.size).toBeGreaterThan(20)
    expect(light.get('panel')).not.toBe(dark.get('panel'))
  })
})
