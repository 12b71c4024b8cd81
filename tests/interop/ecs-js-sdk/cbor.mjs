// Reads and writes the deterministic CBOR of the envelope and refuses everything outside it.

import { malformed } from './errors.mjs'

const MAX_DEPTH = 6
const MAX_ITEMS = 32

const UNSIGNED = 0
const NEGATIVE = 1
const BYTES = 2
const TEXT = 3
const ARRAY = 4
const MAP = 5
const TAG = 6

// The argument sizes of RFC 8949 section 3, by additional information 24 to 27.
const ARGUMENT_BYTES = { 24: 1, 25: 2, 26: 4, 27: 8 }
const SMALLEST_ARGUMENT = { 24: 24n, 25: 0x100n, 26: 0x10000n, 27: 0x100000000n }

/** A CBOR tag and what it stands before. */
export class Tag {
  constructor(number, value) {
    this.number = number
    this.value = value
  }
}

/**
 * The deterministic bytes (RFC 8949 section 4.2.1) of a safe integer, Uint8Array, string, Array,
 * Map with integer or text keys, or Tag. Raises TypeError for any other value.
 */
export function encode(value) {
  if (Number.isSafeInteger(value)) {
    return value >= 0 ? head(UNSIGNED, value) : head(NEGATIVE, -1 - value)
  }
  if (value instanceof Uint8Array) return Buffer.concat([head(BYTES, value.length), value])
  if (typeof value === 'string') {
    const text = Buffer.from(value, 'utf8')
    return Buffer.concat([head(TEXT, text.length), text])
  }
  if (Array.isArray(value)) {
    return Buffer.concat([head(ARRAY, value.length), ...value.map(encode)])
  }
  if (value instanceof Map) return encodeMap(value)
  if (value instanceof Tag) return Buffer.concat([head(TAG, value.number), encode(value.value)])
  throw new TypeError('this value has no place in the CBOR of the envelope')
}

function encodeMap(map) {
  const pairs = [...map].map(([key, value]) => [encode(key), encode(value)])
  pairs.sort(([first], [second]) => Buffer.compare(first, second))
  return Buffer.concat([head(MAP, map.size), ...pairs.flat()])
}

function head(major, argument) {
  const lead = major << 5
  if (argument < 24) return Buffer.from([lead | argument])
  if (argument < 0x100) return Buffer.from([lead | 24, argument])
  if (argument < 0x10000) return Buffer.from([lead | 25, argument >> 8, argument & 0xff])
  const bytes = Buffer.alloc(argument < 0x100000000 ? 5 : 9)
  if (bytes.length === 5) {
    bytes[0] = lead | 26
    bytes.writeUInt32BE(argument, 1)
  } else {
    bytes[0] = lead | 27
    bytes.writeBigUInt64BE(BigInt(argument), 1)
  }
  return bytes
}

/**
 * The one value in `bytes`: numbers, Buffers, strings, Arrays, Maps and Tags. At most 32 items in
 * all and six levels, the root and the leaves counted. Raises EnvelopeError '-1' for anything else.
 */
export function decode(bytes) {
  const reader = new Reader(bytes)
  const value = reader.item(1)
  if (reader.position !== reader.bytes.length) throw malformed('bytes follow the CBOR item')
  return value
}

class Reader {
  constructor(bytes) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.position = 0
    this.items = 0
  }

  item(depth) {
    if (depth > MAX_DEPTH) throw malformed('the CBOR is nested too deeply')
    this.items += 1
    if (this.items > MAX_ITEMS) throw malformed('the CBOR holds too many items')
    const first = this.take(1)[0]
    const argument = this.argument(first & 0x1f)
    switch (first >> 5) {
      case UNSIGNED:
        return argument
      case NEGATIVE:
        return this.negative(argument)
      case BYTES:
        return Buffer.from(this.take(argument))
      case TEXT:
        return this.text(argument)
      case ARRAY:
        return this.array(argument, depth)
      case MAP:
        return this.map(argument, depth)
      case TAG:
        return new Tag(argument, this.item(depth + 1))
      default:
        throw malformed('floats and simple values are not in the profile')
    }
  }

  take(length) {
    const end = this.position + length
    if (end > this.bytes.length) throw malformed('the CBOR ends too early')
    const part = this.bytes.subarray(this.position, end)
    this.position = end
    return part
  }

  argument(information) {
    if (information < 24) return information
    const size = ARGUMENT_BYTES[information]
    if (size === undefined) throw malformed('indefinite or reserved length')
    const value = BigInt(`0x${this.take(size).toString('hex')}`)
    if (value < SMALLEST_ARGUMENT[information]) throw malformed('a CBOR head is longer than needed')
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('a CBOR number is too large')
    return Number(value)
  }

  negative(argument) {
    if (argument >= Number.MAX_SAFE_INTEGER) throw malformed('a CBOR number is too small')
    return -1 - argument
  }

  text(length) {
    try {
      // A mark at the start is part of the text here, so that equal texts have equal bytes.
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.take(length))
    } catch (error) {
      if (error instanceof TypeError) throw malformed('a CBOR text is not UTF-8')
      throw error
    }
  }

  array(length, depth) {
    const values = []
    for (let index = 0; index < length; index += 1) values.push(this.item(depth + 1))
    return values
  }

  map(length, depth) {
    const values = new Map()
    let previous = null
    for (let index = 0; index < length; index += 1) {
      const start = this.position
      const key = this.item(depth + 1)
      if (typeof key !== 'number' && typeof key !== 'string') {
        throw malformed('a CBOR map key is neither a number nor a text')
      }
      const keyBytes = this.bytes.subarray(start, this.position)
      if (previous !== null && Buffer.compare(previous, keyBytes) >= 0) {
        throw malformed('the keys of a CBOR map are repeated or out of order')
      }
      previous = keyBytes
      values.set(key, this.item(depth + 1))
    }
    return values
  }
}
