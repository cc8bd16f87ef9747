import { createLineDecoder, type DecodedLine, listProtocols } from '../../firmware-protocols/decode-line.ts'
import { answerLines } from './answer-lines.ts'
import { type Command, notOneOf, parseOptions, usageError } from './command.ts'
import { EXIT_OK } from './exit-codes.ts'
import { EXTENSION_OPTIONS, openExtensions, sayFaults } from './extension-options.ts'
import { MAX_LINE_BYTES } from './line-splitter.ts'
import { type Output, openOutput } from './output.ts'

export const decodeCommand: Command = {
  help: `tagward decode --protocol NAME
tagward decode --list

Reads one frame a line from stdin and prints one JSON line for each: {"readings":[…]}, {"ignored":"why"},
{"incomplete":"why"} or {"error":"why"}. The lines are taken for frames of one source, in order.

A line is the bare frame (hex for binary protocols; text for text ones, \\r\\n escapes allowed), or a JSON object with
"frame" and, where the protocol needs it, "topic", "address", "key", "characteristic", "name", "fPort", "receivedAt"
(RFC 3339), "retained".

  --protocol NAME   what the frames are
  --list            one JSON line for each protocol: name, transport, title; formats, where several travel under one name
  --config FILE     with the protocols of its extensions (default: tagward.yaml, where there is one)
  --extension PATH  with the protocols of this extension instead; may be given several times

Exit code 0 whatever the frames are; 2 for an unknown protocol.`,
  async run(argv) {
    const { values } = parseOptions(
      argv,
      { protocol: { type: 'string' }, list: { type: 'boolean', default: false }, ...EXTENSION_OPTIONS },
      'the protocol is named by --protocol NAME, and frames are read from stdin'
    )
    const output = openOutput(process.stdout)
    const { extensions, problems } = await openExtensions(values)
    sayFaults(problems)
    const { codecs } = extensions
    if (values.list) {
      for (const protocol of listProtocols(codecs)) await output.write(`${JSON.stringify(protocol)}\n`)
      return EXIT_OK
    }
    if (values.protocol === undefined) throw usageError('--protocol is missing (--list names them)')
    const decode = createLineDecoder(values.protocol, codecs)
    if (decode === undefined)
      throw notOneOf(
        'protocol',
        values.protocol,
        listProtocols(codecs).map((protocol) => protocol.name)
      )
    await decodeStream(process.stdin, decode, output)
    return EXIT_OK
  }
}

/** One JSON line for each input line. */
export function decodeStream(input: AsyncIterable<Buffer | string>, decode: (line: string) => DecodedLine, output: Output): Promise<void> {
  const answer = (line: string | undefined) =>
    JSON.stringify(line === undefined ? { error: `FRAME_LENGTH: a line is longer than ${MAX_LINE_BYTES} bytes` } : decode(line))
  return answerLines(input, answer, output)
}
