const utf8Decoder = new TextDecoder()
const utf8Encoder = new TextEncoder()

/** Text of UTF-8 bytes; what is no UTF-8 becomes U+FFFD. */
export const utf8Text = (bytes: Uint8Array): string => utf8Decoder.decode(bytes)

export const utf8Bytes = (text: string): Uint8Array => utf8Encoder.encode(text)

/** One character a byte, so that offsets in the text are offsets in the frame. For ASCII protocols and short frames. */
export function latin1Text(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let ascii = start
  while (ascii < end && (bytes[ascii] ?? 0) < 0x80) ascii++
  // ASCII reads the same as UTF-8, whose decoder is some ten times as fast as joining characters.
  let text = ascii === start ? '' : utf8Decoder.decode(bytes.subarray(start, ascii))
  for (let i = ascii; i < end; i++) text += String.fromCharCode(bytes[i] ?? 0)
  return text
}
