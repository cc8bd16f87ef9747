import type { Codec, DecodeResult, Decoder } from '../codec.ts'
import { BinaryFramer, NEED_MORE, NO_START } from '../kit/binary-framer.ts'
import { failure } from '../kit/results.ts'
import type { Reading } from '../reading.ts'
import { isIntactNlink, layoutOf, MAX_NLINK_LENGTH, measureNlink, NLINK_IOT_HEADER, type NlinkLayout } from './nlink-frames.ts'
import { readAnchorFrame0, readNodeFrame1, readUserData } from './nlink-lists.ts'
import { readTagFrame0 } from './nlink-own-frames.ts'
import { readAoaNodeFrame0, readIotFrame0, readNodeFrame2, readNodeFrame3, readNodeFrame4, readNodeFrame5 } from './nlink-ranging.ts'

/** Undefined: the content does not fill the frame. */
type Reader = (bytes: Uint8Array, layout: NlinkLayout) => readonly Reading[] | undefined

/** By function mark. */
const READERS: readonly Reader[] = [
  readAnchorFrame0,
  readTagFrame0,
  readUserData,
  readNodeFrame1,
  readNodeFrame2,
  readNodeFrame3,
  readNodeFrame4,
  readAoaNodeFrame0,
  readNodeFrame5,
  readUserData
]

const decoder: Decoder = {
  decode(frame): DecodeResult {
    const header = frame[0] ?? 0
    const mark = frame[1] ?? 0
    const layout = layoutOf(header, mark)
    const length = measureNlink(frame, 0, frame.length)
    if (layout === undefined) return failure('FRAME_FORMAT', 'no NLink frame begins so')
    if (length === NO_START) return failure('FRAME_FORMAT', `no ${layout.name}: length and count do not fit`)
    if (length === NEED_MORE || length !== frame.length || length > MAX_NLINK_LENGTH)
      return failure('FRAME_LENGTH', `${frame.length} bytes are no ${layout.name}`)
    if (!isIntactNlink(frame, 0, length)) return failure('FRAME_CHECKSUM', 'the checksum does not fit')
    const read = header === NLINK_IOT_HEADER ? readIotFrame0 : READERS[mark]
    const list = read?.(frame, layout)
    return list === undefined ? failure('FRAME_LENGTH', `the nodes do not fill the ${layout.name}`) : { kind: 'readings', readings: list }
  }
}

export const nooploopNlink: Codec = {
  protocol: 'nooploop-nlink',
  title: 'Nooploop LinkTrack, NLink frames',
  transport: 'serial',
  encoding: 'binary',
  idScope: 'system',
  serialHabits: { baudRates: [921_600, 115_200, 460_800, 1_000_000, 230_400, 1_500_000, 2_000_000, 3_000_000], checksumBits: 8 },
  createFramer: () => new BinaryFramer({ maxLength: MAX_NLINK_LENGTH, measure: measureNlink, isIntact: isIntactNlink }),
  createDecoder: () => decoder
}
