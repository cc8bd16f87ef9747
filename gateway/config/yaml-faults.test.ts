import { describe, expect, it } from 'vitest'
import { formatProblem } from './problem.ts'
import { readYaml } from './yaml-source.ts'

function told(text: string): readonly string[] {
  const result = readYaml(text, 'f')
  return result.ok ? [] : result.problems.map(formatProblem)
}

const NO_COLON = 'the colon after the key is missing; write `key: value`, and for a section `key:` with its lines indented below'
const NO_SPACE = 'the space after the colon is missing; write `key: value`'
const COMMA = 'a comma is missing before this; put commas between the entries, and a colon and a space after each key'
const DEEPER = 'this line is indented deeper than the one above, which has its value already; indent it like the line above'
const START = 'a value cannot start with this character; put the value in quotes'
const ALIAS = 'anchors and aliases (& and *) are not used here; write the value out; if it is a text, put it in quotes'
const SECOND_COLON =
  'this line has a second colon; put the value in quotes if the colon belongs to it; if not, give each key a line of its own'
const AFTER_QUOTE =
  "the text in quotes ended before this; to have a quote inside of the text, write it twice in single quotes ('it''s'), and as \\\" in double ones"
const SPECIAL_SPACE =
  'this is a space of a special kind (a no-break space or the like), as copying from a web page or a PDF brings it; replace it by plain spaces'

/** What installers write, and the one line that they are told: where to mend it, and how. */
const MISTAKES: readonly [name: string, text: string, told: string][] = [
  ['a tab', 'site: demo\nweb:\n\tport: 80\n', 'f:3:1: a tab is used for indentation; indent with spaces'],
  ['no colon after the first key', 'site demo\nweb:\n  port: 80\n', `f:1:5: ${NO_COLON}`],
  ['no colon after a section', 'site: demo\nweb\n  port: 80\n', `f:2:4: ${NO_COLON}`],
  ['no colon after a later key', 'web:\n  host: localhost\n  port 80\nsite: demo\n', `f:3:7: ${NO_COLON}`],
  ['no space after the first colon', 'site:demo\nweb:\n  port: 80\n', `f:1:5: ${NO_SPACE}`],
  ['no space after a later colon', 'web:\n  host: localhost\n  port:80\nsite: demo\n', `f:3:7: ${NO_SPACE}`],
  [
    'an open bracket',
    'kafka:\n  brokers: [a:1, b:1\n  prefix: x\nweb: {port: 80}\n',
    'f:2:12: this [ is never closed; write ] at the end of the list'
  ],
  [
    'an open bracket at the end of the file',
    'kafka:\n  brokers: [a:1, b:1\n',
    'f:2:12: this [ is never closed; write ] at the end of the list'
  ],
  ['an open brace', 'web: {port: 80\nlog:\n  maxBytes: 1 GiB\n', 'f:1:6: this { is never closed; write } at the end of the section'],
  [
    'an open bracket within braces',
    'kafka: {brokers: [a:1}\nweb: {port: 80}\n',
    'f:1:18: this [ is never closed; write ] at the end of the list'
  ],
  [
    'a bracket lost in a comment',
    'x:\n  topics: [#]\n',
    'f:2:11: this [ is never closed: a # after a space or bracket begins a comment, with the ] in it; put the value with the # in quotes'
  ],
  ['a bracket too many', 'kafka:\n  brokers: [a:1]]\n', 'f:2:17: this ] closes nothing; remove it, or write [ where the list begins'],
  ['a brace too many', 'web: {port: 80}}\n', 'f:1:16: this } closes nothing; remove it, or write { where the section begins'],
  ['an open double quote', 'site: "demo\nweb:\n  port: 80\n', 'f:1:7: this quote is never closed; write " at the end of the text as well'],
  [
    'an open double quote before another',
    'site: "demo\nx: "y"\n',
    'f:1:7: this quote is never closed; write " at the end of the text as well'
  ],
  [
    'an open double quote that ends in an escape',
    'site: "demo\\"\nx: y\n',
    'f:1:7: this quote is never closed; write " at the end of the text as well'
  ],
  ['an open single quote', "site: 'demo\nweb:\n  port: 80\n", "f:1:7: this quote is never closed; write ' at the end of the text as well"],
  ['an apostrophe in single quotes', "gateway:\n  name: 'Meier's hall'\n", `f:2:16: ${AFTER_QUOTE}`],
  ['quotes in double quotes', 'gateway:\n  name: "the "big" hall"\n', `f:2:15: ${AFTER_QUOTE}`],
  ['a key twice', 'site: a\nweb: {}\nsite: b\n', 'f:3:1: this key stands in the same section already, in line 1; keep one of the two'],
  ['a line too deep', 'web:\n  host: localhost\n   port: 80\n', `f:3:4: ${DEEPER}`],
  ['a section too deep', 'site: demo\n web:\n  port: 80\n', `f:2:2: ${DEEPER}`],
  [
    'a line not deep enough',
    'web:\n    host: localhost\n  port: 80\n',
    'f:3:3: the indentation does not fit the lines above; indent everything of one section by the same number of spaces'
  ],
  [
    'a first line too deep',
    ' site: demo\nweb:\n  port: 80\n',
    'f:2:1: this line is indented otherwise than the lines that it belongs to; begin all keys of one section in the same column'
  ],
  [
    'a list item without its dash',
    'kafka:\n  brokers:\n    - a:1\n    b:1\n',
    'f:4:5: the dash of a list item is missing; write `- ` before each item, all indented alike'
  ],
  ['a value that starts with @', 'site: @demo\n', `f:1:7: ${START}`],
  ['a value that starts with %', 'site: %demo\n', `f:1:7: ${START}`],
  ['a value that starts with `', 'site: `demo`\n', `f:1:7: ${START}`],
  ['a value that starts with a comma', 'site: ,demo\n', `f:1:7: ${START}`],
  ['a value that starts with |', 'site: |demo\n', `f:1:7: ${START}`],
  ['a value that starts with *', 'site: *demo\n', `f:1:7: ${ALIAS}`],
  ['a value that starts with &', 'site: &x demo\n', `f:1:10: ${ALIAS}`],
  [
    'a value that starts with !',
    'site: !demo\n',
    'f:1:7: a value starts with a tag (!…), which has no meaning here; put the value in quotes'
  ],
  [
    'a line that starts with %',
    '# a\n%site: demo\n',
    'f:2:1: a line cannot start with %; remove the line, or put # before it to make it a comment'
  ],
  ['two colons', 'gateway:\n  name: Hall: one\n', `f:2:9: ${SECOND_COLON}`],
  ['a section on the line of its key', 'web: port: 80\n', `f:1:6: ${SECOND_COLON}`],
  [
    'a backslash in double quotes',
    'site: "C:\\demo"\n',
    "f:1:10: a backslash in double quotes starts no known escape; double the backslash, or use single quotes ('…')"
  ],
  ['no comma in braces', 'web: {host: localhost port: 80}\n', `f:1:13: ${COMMA}`],
  ['no comma in a list', 'kafka:\n  brokers: ["a:1" "b:1"]\n', `f:2:19: ${COMMA}`],
  [
    'something after a list',
    'kafka:\n  brokers: [a:1] x\n',
    'f:2:18: something stands where it cannot; put the value in quotes, or remove what is too much'
  ],
  ['two documents', 'site: a\n---\nsite: b\n', 'f:2:1: the file holds several documents; keep one, and remove the --- lines'],
  ['an empty file', '', 'f:1:1: the file is empty; write at least `site: <name>`'],
  ['only comments', '# site: demo\n', 'f:1:1: the file is empty; write at least `site: <name>`'],
  [
    'line ends of old',
    'site: demo\rweb: {}\r',
    'f:1:11: the lines end in an old way (CR alone); save the file with Unix or Windows line ends'
  ],
  ['a no-break space as indentation', 'site: demo\nweb:\n\u00a0\u00a0port: 80\n', `f:3:1: ${SPECIAL_SPACE}`],
  ['a byte order mark in the middle', 'site: demo\n\uFEFFweb: {}\n', `f:2:1: ${SPECIAL_SPACE}`]
]

describe('a mistake in the YAML is told where it is to be mended', () => {
  it.each(MISTAKES)('%s', (_, text, expected) => {
    expect(told(text)).toEqual([expected])
    expect(told(text.replaceAll('\n', '\r\n')), 'with Windows line ends').toEqual([expected])
  })
})

it.each([
  ['Windows line ends', 'site: demo\r\nweb:\r\n  port: 80\r\n'],
  ['a byte order mark', '\uFEFFsite: demo\n'],
  ['one document marker', '---\nsite: demo\n'],
  ['a bracket closed at the indentation of its key', 'kafka:\n  brokers: [\n    a:1\n  ]\n'],
  ['JSON', '{"site": "demo", "web": {"port": 80}}\n'],
  ['a topic with # in brackets', 'topics: [dwm/#, "#"]\n']
])('takes %s', (_, text) => expect(told(text)).toEqual([]))

it('tells duplicates besides the first other mistake', () => {
  expect(told('site: a\nsite: b\nweb: [\n')).toEqual([
    'f:2:1: this key stands in the same section already, in line 1; keep one of the two',
    'f:3:6: this [ is never closed; write ] at the end of the list'
  ])
})
