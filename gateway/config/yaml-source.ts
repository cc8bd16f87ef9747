import { type Document, isMap, isScalar, isSeq, type Node, type Pair, type ParsedNode, parseAllDocuments, visit, type YAMLMap } from 'yaml'
import type { ConfigProblem, Finding } from './problem.ts'
import { problemAt } from './problem.ts'
import { explainYaml, type RawFault, type YamlFault } from './yaml-faults.ts'

export type YamlDocument = Document.Parsed

/** A configuration file read as YAML: its data, and where each part of it stands. */
export interface YamlSource {
  readonly file: string
  readonly document: YamlDocument
  readonly data: unknown
  locate(finding: Pick<Finding, 'path' | 'at'>): { line: number; column: number }
}

export type YamlResult =
  | { readonly ok: true; readonly source: YamlSource }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

/** Deeper than any valid configuration; keeps hostile files from exhausting the stack. */
const MAX_DEPTH = 200
/** Many times the largest configuration; keeps hostile files from taking minutes. */
const MAX_CONFIG_BYTES = 1 << 18

/** Blanks that are none to YAML, and no part of any key. */
const ODD_SPACE = /[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000\uFEFF]/
/** More at once help nobody. */
export const MAX_PROBLEMS = 50

export function readYaml(text: string, file: string): YamlResult {
  const fail = (line: number, column: number, [what, remedy]: readonly [string, string]): YamlResult => ({
    ok: false,
    problems: [{ file, line, column, path: '', what, remedy }]
  })
  if (Buffer.byteLength(text) > MAX_CONFIG_BYTES)
    return fail(1, 1, ['the file is larger than 256 KiB', 'is it really the configuration? Make it smaller'])
  if (nestingOf(text) > MAX_DEPTH)
    return fail(1, 1, ['brackets or sections are nested too deeply', 'compare with the example in docs/config.md'])
  const place = (offset: number) => {
    const before = text.slice(0, offset)
    return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
  }
  const documents = parseAllDocuments(text, {
    prettyErrors: false,
    logLevel: 'silent',
    uniqueKeys: false,
    stringKeys: true,
    keepSourceTokens: true
  })
  const document = 'empty' in documents ? undefined : documents[0]
  const fault = explainYaml(text, document, faultsOf(text, documents))
  const mistakes = [...duplicates(document, place), ...(fault === undefined ? [] : [fault])]
  if (mistakes.length > 0)
    return {
      ok: false,
      problems: mistakes
        .toSorted((a, b) => a.offset - b.offset)
        .slice(0, MAX_PROBLEMS)
        .map(({ offset, what, remedy }) => problemAt(file, place(offset), { path: [], at: 'value', what, remedy }))
    }
  if (document === undefined || document.contents === null) return fail(1, 1, ['the file is empty', 'write at least `site: <name>`'])
  const source = {
    file,
    document,
    data: document.toJS() as unknown,
    locate: (finding: Pick<Finding, 'path' | 'at'>) => place(offsetOf(document, finding))
  }
  return { ok: true, source }
}

/** Upper bound of how deep the parser will have to go: brackets, ever deeper lines, and chains of `- - -`. */
function nestingOf(text: string): number {
  let brackets = 0
  let deepest = 0
  const indents: number[] = []
  for (const line of text.split('\n')) {
    for (const character of line) {
      if (character === '[' || character === '{') deepest = Math.max(deepest, ++brackets)
      else if ((character === ']' || character === '}') && brackets > 0) brackets--
    }
    const [chain] = /^(?:[ \t]*[-?:](?=[ \t]))*[ \t]*/.exec(line) ?? ['']
    deepest = Math.max(deepest, chain.replaceAll(/[ \t]/g, '').length)
    if (chain.length === line.length) continue
    while ((indents.at(-1) ?? -1) >= chain.length) indents.pop()
    indents.push(chain.length)
    deepest = Math.max(deepest, indents.length)
  }
  return deepest
}

type Documents = ReturnType<typeof parseAllDocuments<ParsedNode, true>>

/** All that the parser finds fault with, and what it takes but we do not. */
function faultsOf(text: string, documents: Documents): readonly RawFault[] {
  const bareCr = text.search(/\r(?!\n)/)
  if (bareCr >= 0) return [{ code: 'BARE_CR', offset: bareCr }]
  const list: readonly Document.Parsed[] = 'empty' in documents ? [] : documents
  const [document, second] = list
  const { errors, warnings } = document ?? ('empty' in documents ? documents : { errors: [], warnings: [] })
  const faults: RawFault[] = [...errors, ...warnings].map((fault) => ({ code: fault.code, offset: fault.pos[0] }))
  if (second !== undefined) faults.push({ code: 'MULTIPLE_DOCS', offset: second.range[0] })
  if (document === undefined) return faults
  if (document.directives.yaml.explicit === true || Object.keys(document.directives.tags).length > 1)
    faults.push({ code: 'BAD_DIRECTIVE', offset: 0 })
  visit(document, {
    Alias: (_, node) => void faults.push({ code: 'BAD_ALIAS', offset: node.range?.[0] ?? 0 }),
    Node: (_, node) => {
      if ('anchor' in node && node.anchor !== undefined) faults.push({ code: 'BAD_ALIAS', offset: node.range?.[0] ?? 0 })
    },
    Pair: (_, pair) => {
      if (ODD_SPACE.test(keyText(pair))) faults.push({ code: 'ODD_SPACE', offset: startOf(pair.key) ?? 0 })
    }
  })
  return faults
}

/** Keys that stand twice in a section. The parser's own check compares every key with every other. */
function duplicates(document: YamlDocument | undefined, place: (offset: number) => { line: number }): readonly YamlFault[] {
  const found: YamlFault[] = []
  if (document !== undefined)
    visit(document, {
      Map: (_, node) => {
        const seen = new Map<string, number>()
        for (const pair of node.items) {
          const offset = startOf(pair.key) ?? 0
          const first = seen.get(keyText(pair))
          if (first === undefined) seen.set(keyText(pair), offset)
          else
            found.push({
              offset,
              what: `this key stands in the same section already, in line ${place(first).line}`,
              remedy: 'keep one of the two'
            })
        }
      }
    })
  return found
}

function keyText(pair: Pair): string {
  return String(isScalar(pair.key) ? (pair.key.value ?? '') : pair.key)
}

function pairOf(map: YAMLMap, key: PropertyKey): Pair | undefined {
  return map.items.find((pair) => keyText(pair) === String(key))
}

/** Offset of the value (or key) at a path; of the nearest thing around it where it is missing. */
function offsetOf(document: YamlDocument, { path, at }: Pick<Finding, 'path' | 'at'>): number {
  let node: unknown = document.contents
  let offset = 0
  for (const [index, step] of path.entries()) {
    const last = index === path.length - 1
    if (isMap(node)) {
      const pair = pairOf(node, step)
      if (pair === undefined) return offset
      const keyOffset = startOf(pair.key) ?? offset
      offset = last && at === 'value' ? (startOf(pair.value) ?? keyOffset) : keyOffset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(step)]
      offset = startOf(node) ?? offset
    } else return offset
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0]
}
