import { requests, responses } from 'jsmodbus'
import { isBitTable, type Table } from './read-plan.ts'

/*
 * jsmodbus writes the requests and reads the answers; nothing else of it is used. Its clients keep one buffer that never finds its way
 * back after a damaged frame, take answers of other units and of other lengths, give up all that waits when one late answer comes,
 * run on timers of their own, and never notice that a serial port was closed. Framing, order and time limits are therefore ours, and
 * what it gets to read is a whole answer of the length that was asked for.
 */

export interface ModbusRequest {
  readonly unit: number
  readonly pdu: Uint8Array
  readonly functionCode: number
  /** Length of the PDU that answers it, unless an exception does. */
  readonly answerBytes: number
}

/** What a device answered. */
export type ModbusAnswer =
  /** Bits eight to a byte, or registers of two bytes each, as on the wire. */
  | { readonly kind: 'values'; readonly data: Uint8Array }
  | { readonly kind: 'written' }
  | { readonly kind: 'exception'; readonly code: number; readonly why: string }
  /** It keeps to no rule that would make it an answer to this request. */
  | { readonly kind: 'unfit'; readonly why: string }

/** Application Protocol V1.1b3, 7. */
export const EXCEPTION = {
  illegalFunction: 1,
  illegalAddress: 2,
  illegalValue: 3,
  acknowledge: 5,
  busy: 6,
  gatewayPath: 10,
  gatewayTarget: 11
} as const

const EXCEPTION_TEXTS: Readonly<Record<number, string>> = {
  1: 'illegal function',
  2: 'illegal data address',
  3: 'illegal data value',
  4: 'device failure',
  5: 'acknowledged, takes its time',
  6: 'device busy',
  7: 'negative acknowledge',
  8: 'memory parity error',
  10: 'gateway path unavailable',
  11: 'gateway got no answer from the device'
}

const EXCEPTION_FLAG = 0x80
const HEADER_BYTES = 2
/** Function, address, and value or quantity. */
const WRITE_ANSWER_BYTES = 5

export interface ReadRange {
  readonly unit: number
  readonly table: Table
  readonly start: number
  readonly count: number
}

export function readRequest({ count, start, table, unit }: ReadRange): ModbusRequest {
  const body = readBody(table, start, count)
  const pdu = body.createPayload()
  return { unit, pdu, functionCode: body.fc, answerBytes: HEADER_BYTES + (isBitTable(table) ? Math.ceil(count / 8) : 2 * count) }
}

function readBody(table: Table, start: number, count: number) {
  switch (table) {
    case 'coil':
      return new requests.ReadCoilsRequestBody(start, count)
    case 'discrete-input':
      return new requests.ReadDiscreteInputsRequestBody(start, count)
    case 'holding-register':
      return new requests.ReadHoldingRegistersRequestBody(start, count)
    case 'input-register':
      return new requests.ReadInputRegistersRequestBody(start, count)
  }
}

export interface WriteValue {
  readonly unit: number
  readonly table: 'coil' | 'holding-register'
  readonly address: number
  /** 0 or 1 for a coil. */
  readonly value: number
  /** With the function for several values: some devices know no other. */
  readonly asMultiple: boolean
}

export function writeRequest({ address, asMultiple, table, unit, value }: WriteValue): ModbusRequest {
  const body = writeBody(table, address, value, asMultiple)
  return { unit, pdu: body.createPayload(), functionCode: body.fc, answerBytes: WRITE_ANSWER_BYTES }
}

function writeBody(table: 'coil' | 'holding-register', address: number, value: number, asMultiple: boolean) {
  if (table === 'coil')
    return asMultiple
      ? new requests.WriteMultipleCoilsRequestBody(address, [value === 1])
      : new requests.WriteSingleCoilRequestBody(address, value === 1)
  return asMultiple
    ? new requests.WriteMultipleRegistersRequestBody(address, [value])
    : new requests.WriteSingleRegisterRequestBody(address, value)
}

/** Never throws, whatever the bytes. */
export function readAnswer(request: ModbusRequest, pdu: Uint8Array): ModbusAnswer {
  const [code = 0, second = 0] = pdu
  if (code === (request.functionCode | EXCEPTION_FLAG)) {
    if (pdu.length !== HEADER_BYTES) return { kind: 'unfit', why: `an exception of ${pdu.length} bytes` }
    return { kind: 'exception', code: second, why: EXCEPTION_TEXTS[second] ?? `exception ${second}` }
  }
  if (code !== request.functionCode) return { kind: 'unfit', why: `function ${code} in place of ${request.functionCode}` }
  if (pdu.length !== request.answerBytes) return { kind: 'unfit', why: `${pdu.length} bytes in place of ${request.answerBytes}` }
  const bytes = Buffer.from(pdu.buffer, pdu.byteOffset, pdu.length)
  switch (code) {
    case 1:
      return values(request, second, responses.ReadCoilsResponseBody.fromBuffer(bytes)?.valuesAsBuffer)
    case 2:
      return values(request, second, responses.ReadDiscreteInputsResponseBody.fromBuffer(bytes)?.valuesAsBuffer)
    case 3:
      return values(request, second, responses.ReadHoldingRegistersResponseBody.fromBuffer(bytes)?.valuesAsBuffer)
    case 4:
      return values(request, second, responses.ReadInputRegistersResponseBody.fromBuffer(bytes)?.valuesAsBuffer)
    default:
      return written(request, bytes)
  }
}

function values(request: ModbusRequest, statedBytes: number, data: Uint8Array | undefined): ModbusAnswer {
  const wanted = request.answerBytes - HEADER_BYTES
  if (data === undefined || statedBytes !== wanted || data.length !== wanted)
    return { kind: 'unfit', why: `${statedBytes} bytes of data in place of ${wanted}` }
  // The frame's buffer is used again.
  return { kind: 'values', data: Uint8Array.from(data) }
}

/** A device repeats address and value, or address and quantity: for each function the same bytes as in the request. */
function written({ pdu }: ModbusRequest, bytes: Buffer): ModbusAnswer {
  const same = bytes.equals(pdu.subarray(0, WRITE_ANSWER_BYTES))
  return same ? { kind: 'written' } : { kind: 'unfit', why: 'it confirms another write than was asked for' }
}
