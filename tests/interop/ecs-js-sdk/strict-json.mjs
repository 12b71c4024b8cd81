// Reads I-JSON strictly: what two readers could understand in two ways is refused.

import { malformed } from './errors.mjs'

const MAX_BYTES = 512 * 1024
const MAX_DEPTH = 16
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const SPACE = /[ \t\n\r]*/y
const LITERALS = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
])

/**
 * The object in `bytes` (RFC 7493 and spec 3.3): UTF-8 without a mark, an object at the root, no
 * repeated keys, no lone surrogates, integers within 2^53 - 1, at most 16 nested containers and 512
 * KiB. Raises EnvelopeError '-1'.
 */
export function parse(bytes) {
  if (bytes.length > MAX_BYTES) throw malformed('the JSON is too long')
  const reader = new Reader(decodeText(bytes))
  if (reader.peek() !== '{') throw malformed('the JSON is not an object')
  const value = reader.value(0)
  if (reader.peek() !== undefined) throw malformed('something follows the JSON')
  return value
}

function decodeText(bytes) {
  try {
    // The mark is kept, so that the reader meets it as a character that JSON does not have.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) throw malformed('the JSON is not UTF-8')
    throw error
  }
}

class Reader {
  constructor(text) {
    this.text = text
    this.position = 0
  }

  match(pattern) {
    pattern.lastIndex = this.position
    const found = pattern.exec(this.text)
    if (found === null) throw malformed('the JSON is not well formed')
    this.position = pattern.lastIndex
    return found[0]
  }

  peek() {
    this.match(SPACE)
    return this.text[this.position]
  }

  expect(character) {
    if (this.peek() !== character) throw malformed('the JSON is not well formed')
    this.position += 1
  }

  value(depth) {
    const first = this.peek()
    if (first === '{' || first === '[') {
      if (depth >= MAX_DEPTH) throw malformed('the JSON is nested too deeply')
      return first === '{' ? this.object(depth + 1) : this.array(depth + 1)
    }
    if (first === '"') return this.string()
    for (const [word, meaning] of LITERALS) {
      if (this.text.startsWith(word, this.position)) {
        this.position += word.length
        return meaning
      }
    }
    return this.number()
  }

  string() {
    const text = JSON.parse(this.match(STRING))
    if (!text.isWellFormed()) throw malformed('a JSON text has a lone surrogate')
    return text
  }

  number() {
    const text = this.match(NUMBER)
    const number = Number(text)
    if (!Number.isFinite(number)) throw malformed('a JSON number is too large')
    if (Number.isInteger(number) && !Number.isSafeInteger(number)) {
      throw malformed('a JSON integer is too large')
    }
    return number
  }

  object(depth) {
    // Entries, not assignments: a key such as __proto__ must stay an ordinary key.
    const entries = new Map()
    this.expect('{')
    if (this.peek() !== '}') {
      do {
        if (this.peek() !== '"') throw malformed('the JSON is not well formed')
        const key = this.string()
        if (entries.has(key)) throw malformed('a JSON key is repeated')
        this.expect(':')
        entries.set(key, this.value(depth))
      } while (this.comma())
    }
    this.expect('}')
    return Object.fromEntries(entries)
  }

  array(depth) {
    const values = []
    this.expect('[')
    if (this.peek() !== ']') {
      do values.push(this.value(depth))
      while (this.comma())
    }
    this.expect(']')
    return values
  }

  comma() {
    if (this.peek() !== ',') return false
    this.position += 1
    return true
  }
}
