import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseAllDocuments, visit, type YAMLMap } from 'yaml'
import type { ConfigProblem, Finding } from './problem.ts'
import { problemAt } from './problem.ts'

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

/** Our own words for the parser's errors: its own ones may quote the file, and with it a password. */
const SYNTAX: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  TAB_AS_INDENT: ['a tab is used for indentation', 'indent with spaces'],
  DUPLICATE_KEY: ['this key stands twice in the same section', 'keep one of the two'],
  BAD_INDENT: ['the indentation does not fit the lines above', 'indent everything of one section by the same number of spaces'],
  MISSING_CHAR: ['a quote, bracket, colon or comma is missing here', 'close what was opened, or put a colon and a space after the key'],
  BAD_SCALAR_START: ['a value cannot start with this character', 'put the value in quotes'],
  BAD_DQ_ESCAPE: ['a backslash in double quotes starts no known escape', "double the backslash, or use single quotes ('…')"],
  BLOCK_AS_IMPLICIT_KEY: [
    'a section or list starts on the line of another key',
    'start it on a line of its own, or put the value in quotes'
  ],
  MULTILINE_IMPLICIT_KEY: ['a key runs over several lines; most likely a colon or a quote is missing', 'write `key: value` on one line'],
  MULTIPLE_DOCS: ['the file holds several documents', 'keep one, and remove the --- lines'],
  UNEXPECTED_TOKEN: ['something stands where it cannot', 'put the value in quotes, or remove what is too much'],
  TAG_RESOLVE_FAILED: ['a value starts with a tag (!…), which has no meaning here', 'put the value in quotes'],
  BAD_ALIAS: ['anchors and aliases (& and *) are not used here', 'write the value out; if it is a text, put it in quotes'],
  NON_STRING_KEY: ['a key is more than a plain name', 'write a name, a colon and a space before the value'],
  BAD_DIRECTIVE: ['lines with % before the content have no meaning here', 'remove the line']
}
/** More at once help nobody. */
export const MAX_PROBLEMS = 50
const OTHER_SYNTAX = ['this is not YAML', 'compare the line with the example in docs/config.md'] as const

export function readYaml(text: string, file: string): YamlResult {
  const fail = (line: number, column: number, [what, remedy]: readonly [string, string]): YamlResult => ({
    ok: false,
    problems: [{ file, line, column, path: '', what, remedy }]
  })
  if (Buffer.byteLength(text) > MAX_CONFIG_BYTES)
    return fail(1, 1, ['the file is larger than 256 KiB', 'is it really the configuration? Make it smaller'])
  if (nestingOf(text) > MAX_DEPTH)
    return fail(1, 1, ['brackets or sections are nested too deeply', 'compare with the example in docs/config.md'])
  const lines = new LineCounter()
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
    uniqueKeys: false,
    stringKeys: true
  })
  const [document, second] = 'empty' in documents ? [] : documents
  if (document === undefined || document.contents === null) return fail(1, 1, ['the file is empty', 'write at least `site: <name>`'])
  const faults = [...document.errors, ...document.warnings].map((fault) => ({ code: fault.code as string, offset: fault.pos[0] }))
  if (second !== undefined) faults.push({ code: 'MULTIPLE_DOCS', offset: second.range[0] })
  if (document.directives.yaml.explicit === true || Object.keys(document.directives.tags).length > 1)
    faults.push({ code: 'BAD_DIRECTIVE', offset: 0 })
  visit(document, {
    // The parser's own check compares every key with every other.
    Map: (_, node) => {
      const keys = new Set<string>()
      for (const pair of node.items) {
        if (keys.has(keyText(pair))) faults.push({ code: 'DUPLICATE_KEY', offset: startOf(pair.key) ?? 0 })
        keys.add(keyText(pair))
      }
    },
    Alias: (_, node) => void faults.push({ code: 'BAD_ALIAS', offset: node.range?.[0] ?? 0 }),
    Node: (_, node) => {
      if ('anchor' in node && node.anchor !== undefined) faults.push({ code: 'BAD_ALIAS', offset: node.range?.[0] ?? 0 })
    }
  })
  if (faults.length > 0)
    return { ok: false, problems: worthTelling(faults).map((fault) => syntaxProblem(file, place(fault.offset), fault.code)) }
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

/** One syntax error makes others; the first one is the one to mend. Duplicate keys stand for themselves. */
function worthTelling(faults: readonly { code: string; offset: number }[]) {
  const inOrder = faults.toSorted((a, b) => a.offset - b.offset).slice(0, MAX_PROBLEMS)
  const first = inOrder.find((fault) => fault.code !== 'DUPLICATE_KEY')
  return inOrder.filter((fault) => fault === first || fault.code === 'DUPLICATE_KEY')
}

function syntaxProblem(file: string, place: { line: number; column: number }, code: string): ConfigProblem {
  const [what, remedy] = SYNTAX[code] ?? OTHER_SYNTAX
  return problemAt(file, place, { path: [], at: 'value', what, remedy })
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
