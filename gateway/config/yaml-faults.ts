/**
 * Says in an installer's words what is wrong with a text that is not the YAML it was meant to be. The parser reports where it
 * noticed; what people need is where the mistake is: at the bracket that was opened, at the line whose colon is missing. The words
 * are our own also because the parser's may quote the file, and with it a password.
 */
import { type Document, isCollection, isScalar, type Node, visit } from 'yaml'

/** What the parser noticed. */
export interface RawFault {
  readonly code: string
  readonly offset: number
}

/** A fault with the place where it is to be mended. */
export interface YamlFault {
  readonly offset: number
  readonly what: string
  readonly remedy: string
}

type Words = readonly [what: string, remedy: string]

const WORDS: Readonly<Record<string, Words>> = {
  TAB_AS_INDENT: ['a tab is used for indentation', 'indent with spaces'],
  BAD_INDENT: ['the indentation does not fit the lines above', 'indent everything of one section by the same number of spaces'],
  BAD_SCALAR_START: ['a value cannot start with this character', 'put the value in quotes'],
  BAD_DQ_ESCAPE: ['a backslash in double quotes starts no known escape', "double the backslash, or use single quotes ('…')"],
  BLOCK_AS_IMPLICIT_KEY: [
    'this line has a second colon',
    'put the value in quotes if the colon belongs to it; if not, give each key a line of its own'
  ],
  MULTIPLE_DOCS: ['the file holds several documents', 'keep one, and remove the --- lines'],
  UNEXPECTED_TOKEN: ['something stands where it cannot', 'put the value in quotes, or remove what is too much'],
  TAG_RESOLVE_FAILED: ['a value starts with a tag (!…), which has no meaning here', 'put the value in quotes'],
  BAD_ALIAS: ['anchors and aliases (& and *) are not used here', 'write the value out; if it is a text, put it in quotes'],
  NON_STRING_KEY: ['a key is more than a plain name', 'write a name, a colon and a space before the value'],
  BAD_DIRECTIVE: ['a line cannot start with %', 'remove the line, or put # before it to make it a comment'],
  BARE_CR: ['the lines end in an old way (CR alone)', 'save the file with Unix or Windows line ends'],
  ODD_SPACE: [
    'this is a space of a special kind (a no-break space or the like), as copying from a web page or a PDF brings it',
    'replace it by plain spaces'
  ]
}
const OTHER: Words = ['this is not YAML', 'compare the line with the example in docs/config.md']
const NO_COLON: Words = ['the colon after the key is missing', 'write `key: value`, and for a section `key:` with its lines indented below']
const NO_SPACE: Words = ['the space after the colon is missing', 'write `key: value`']
const COMMA: Words = ['a comma is missing before this', 'put commas between the entries, and a colon and a space after each key']
const NO_DASH: Words = ['the dash of a list item is missing', 'write `- ` before each item, all indented alike']
const DEEPER: Words = ['this line is indented deeper than the one above, which has its value already', 'indent it like the line above']
const NOT_IN_LINE: Words = [
  'this line is indented otherwise than the lines that it belongs to',
  'begin all keys of one section in the same column'
]
const AFTER_QUOTE: Words = [
  'the text in quotes ended before this',
  "to have a quote inside of the text, write it twice in single quotes ('it''s'), and as \\\" in double ones"
]

/** Why the parser could not go on, in terms of the text; undefined when it had no faults. */
export function explainYaml(text: string, document: Document.Parsed | undefined, faults: readonly RawFault[]): YamlFault | undefined {
  const first = faults.toSorted((a, b) => a.offset - b.offset)[0]
  if (first === undefined) return undefined
  const open = document === undefined ? undefined : firstUnclosed(text, document)
  if (open !== undefined && open.offset <= first.offset) return open
  const [offset, [what, remedy]] = wordsFor(text, first, isInFlow(document, first.offset), faults)
  return { offset, what, remedy }
}

function wordsFor(
  text: string,
  { code, offset }: RawFault,
  inFlow: boolean,
  all: readonly RawFault[]
): readonly [offset: number, words: Words] {
  const line = lineAround(text, offset)
  const own = WORDS[code] ?? OTHER
  if (inFlow && !(code in { BAD_SCALAR_START: 0, BAD_ALIAS: 0, TAG_RESOLVE_FAILED: 0, BAD_DQ_ESCAPE: 0, TAB_AS_INDENT: 0 }))
    return [offset, COMMA]
  switch (code) {
    case 'MULTILINE_IMPLICIT_KEY':
    case 'MISSING_CHAR':
      return withoutColon(line)
    case 'BLOCK_AS_IMPLICIT_KEY':
      // The value goes on in the next line, which therefore is too deep.
      if (all.some((other) => other.code === 'MULTILINE_IMPLICIT_KEY' && other.offset === offset))
        return [nextLineStart(text, offset), DEEPER]
      return [offset, own]
    case 'BAD_INDENT':
      return [line.contentStart, isListAbove(text, line) ? NO_DASH : own]
    case 'UNEXPECTED_TOKEN':
      return unexpected(text, offset, line)
    case 'BAD_DIRECTIVE':
      return [Math.max(0, text.search(/^%/m)), own]
    default:
      return [offset, own]
  }
}

function unexpected(text: string, offset: number, line: Line): readonly [number, Words] {
  const character = text[offset] ?? ''
  const before = line.text.slice(0, offset - line.start).trimEnd()
  if (character === ']' || character === '}') {
    const opener = character === ']' ? '[' : '{'
    return [offset, [`this ${character} closes nothing`, `remove it, or write ${opener} where the ${nounOf(opener)} begins`]]
  }
  if (/[|>]$/.test(before)) return [line.start + before.length - 1, WORDS['BAD_SCALAR_START'] ?? OTHER]
  if (/["']$/.test(before)) return [offset, AFTER_QUOTE]
  if (offset === line.contentStart) return [offset, NOT_IN_LINE]
  return [offset, WORDS['UNEXPECTED_TOKEN'] ?? OTHER]
}

const nounOf = (opener: string): string => (opener === '[' ? 'list' : 'section')

/** A line that should be `key: value` and is not. */
function withoutColon(line: Line): readonly [number, Words] {
  const key = /^\s*(?:- +)*["']?[\w.-]+["']?/.exec(line.text)?.[0] ?? ''
  if (line.text[key.length] === ':') return [line.start + key.length, NO_SPACE]
  return [line.start + Math.max(key.length, line.contentStart - line.start), NO_COLON]
}

interface Line {
  readonly start: number
  readonly text: string
  /** Offset of the first character that is no blank; of the line's end when there is none. */
  readonly contentStart: number
}

function lineAround(text: string, offset: number): Line {
  const start = text.lastIndexOf('\n', offset - 1) + 1
  const end = text.indexOf('\n', start)
  const line = text.slice(start, end < 0 ? undefined : end).replace(/\r$/, '')
  const blank = line.search(/\S/)
  return { start, text: line, contentStart: start + (blank < 0 ? line.length : blank) }
}

/** Offset of the content of the next line that has any. */
function nextLineStart(text: string, offset: number): number {
  const end = text.indexOf('\n', offset)
  if (end < 0) return offset
  const content = text.slice(end).search(/\S/)
  return content < 0 ? offset : end + content
}

/** True when this line follows an item of a list without being one. */
function isListAbove(text: string, line: Line): boolean {
  const above = text.slice(0, line.start).trimEnd()
  const previous = lineAround(text, above.length)
  return (
    /^\s*- /.test(previous.text) &&
    !/^\s*-(\s|$)/.test(line.text) &&
    line.contentStart - line.start >= previous.contentStart - previous.start
  )
}

function isInFlow(document: Document.Parsed | undefined, offset: number): boolean {
  let inside = false
  if (document !== undefined)
    visit(document, {
      Collection: (_, node) => {
        const [start, end] = node.range ?? [0, 0]
        if (node.flow === true && start < offset && offset < end) inside = true
      }
    })
  return inside
}

/** The first bracket, brace or quote that is never closed; of several within one another the innermost. */
function firstUnclosed(text: string, document: Document.Parsed): YamlFault | undefined {
  let outer: Node | undefined
  let found: Node | undefined
  visit(document, {
    Node: (_, node, ancestors) => {
      if (!isUnclosed(node) || (outer !== undefined && !ancestors.includes(outer))) return
      outer ??= node
      found = node
    }
  })
  if (found === undefined) return undefined
  const offset = found.range?.[0] ?? 0
  const opener = text[offset] ?? ''
  if (!isCollection(found)) return { offset, what: 'this quote is never closed', remedy: `write ${opener} at the end of the text as well` }
  const closer = opener === '[' ? ']' : '}'
  if (/[\s,[{]#.*[\]}]/.test(lineAround(text, offset).text.slice(offset - lineAround(text, offset).start)))
    return {
      offset,
      what: `this ${opener} is never closed: a # after a space or bracket begins a comment, with the ${closer} in it`,
      remedy: 'put the value with the # in quotes'
    }
  return { offset, what: `this ${opener} is never closed`, remedy: `write ${closer} at the end of the ${nounOf(opener)}` }
}

/** Needs a document parsed with its source tokens. */
function isUnclosed(node: Node): boolean {
  const token = node.srcToken
  if (token === undefined) return false
  if (token.type === 'flow-collection') {
    const closer = token.start.type === 'flow-seq-start' ? 'flow-seq-end' : 'flow-map-end'
    return !token.end.some((part) => part.type === closer)
  }
  if (!isScalar(node)) return false
  if (token.type === 'double-quoted-scalar') return !/^"(?:[^"\\]|\\[\s\S])*"$/.test(token.source)
  return token.type === 'single-quoted-scalar' && !/^'(?:[^']|'')*'$/.test(token.source)
}
