// A device's statements (docs/envelope.md): deterministic CBOR, and COSE_Sign1 by WebCrypto.

import { fromHex, hex, joined, sha256, utf8, uuidBytes } from './encoding.js'
import { importPublicKey } from './p256.js'

const REQUEST_TYPE = 'application/vnd.ecs.request.v1+cose'
const LIFE = 60

// RFC 8949 §3: major types.
const UNSIGNED = 0
const NEGATIVE = 1
const BYTES = 2
const TEXT = 3
const ARRAY = 4
const MAP = 5
const SIGN1_TAG = 0xd2

const ECDSA = { name: 'ECDSA', hash: 'SHA-256' }

/**
 * The deterministic bytes (RFC 8949 §4.2.1) of a safe integer, Uint8Array, string, Array, or Map
 * with integer or text keys. Raises TypeError for anything else.
 */
export function encode(value) {
  if (Number.isSafeInteger(value)) {
    return value >= 0 ? head(UNSIGNED, value) : head(NEGATIVE, -1 - value)
  }
  if (value instanceof Uint8Array) return joined(head(BYTES, value.length), value)
  if (typeof value === 'string') {
    const text = utf8(value)
    return joined(head(TEXT, text.length), text)
  }
  if (Array.isArray(value)) return joined(head(ARRAY, value.length), ...value.map(encode))
  if (value instanceof Map) return encodeMap(value)
  throw new TypeError('this value has no place in a statement')
}

function encodeMap(map) {
  const pairs = [...map].map(([key, value]) => [encode(key), encode(value)])
  pairs.sort(([first], [second]) => compare(first, second))
  return joined(head(MAP, map.size), ...pairs.flat())
}

function compare(first, second) {
  const place = first.findIndex((byte, index) => byte !== second[index])
  return place === -1 ? first.length - second.length : first[place] - (second[place] ?? -1)
}

function head(major, number) {
  const lead = major << 5
  if (number < 24) return Uint8Array.of(lead | number)
  const sizes = [
    [1, 24],
    [2, 25],
    [4, 26],
    [8, 27],
  ]
  const [size, kind] = sizes.find(([bytes]) => number < 2 ** (8 * bytes))
  const bytes = new Uint8Array(1 + size)
  bytes[0] = lead | kind
  for (let place = size, rest = number; place > 0; place -= 1, rest = Math.floor(rest / 256)) {
    bytes[place] = rest % 256
  }
  return bytes
}

/**
 * A COSE_Sign1 (RFC 9052 §4) that says `action`, `resource` and `details`, signed by a device's
 * P-256 key that can't be exported. `device` is its id, `audience` what requests to this server
 * name. `now` (seconds) and `random` (16 bytes) are there for tests.
 */
export async function statement({ action, resource, details, device, audience, key, now, random }) {
  const issuedAt = now ?? Math.floor(Date.now() / 1000)
  const claims = new Map([
    [3, audience],
    [4, issuedAt + LIFE],
    [6, issuedAt],
    [7, random ?? crypto.getRandomValues(new Uint8Array(16))],
  ])
  const header = encode(
    new Map([
      [1, -7],
      [3, 50],
      [4, uuidBytes(device)],
      [15, claims],
      [16, REQUEST_TYPE],
    ]),
  )
  const payload = utf8(JSON.stringify({ action, resource, details }))
  const signed = encode(['Signature1', header, new Uint8Array(), payload])
  const signature = new Uint8Array(await crypto.subtle.sign(ECDSA, key, signed))
  const message = encode([header, new Map(), payload, signature])
  return joined(Uint8Array.of(SIGN1_TAG), message)
}

/**
 * The hash that a vote names (docs/approvals.md), as 32 bytes: recomputed from the content.
 * Ids are UUID texts, `request` the bytes of the signed request, `expiresAt` seconds.
 */
export async function proposalHash(proposal) {
  return sha256(
    encode([
      'ecs-proposal/1',
      uuidBytes(proposal.scope),
      uuidBytes(proposal.proposal),
      await sha256(proposal.request),
      uuidBytes(proposal.policy),
      proposal.policyVersion,
      proposal.reviewExpression,
      proposal.expiresAt,
    ]),
  )
}

/** The JSON payload of a COSE_Sign1 in canonical form; its signature is not checked here. */
export function payloadOf(sign1) {
  return json(partsOf(sign1).payload)
}

/**
 * The JSON of a COSE_Sign1 of the server's: of this type, signed by `key`, a compressed point in
 * hex. Raises TypeError and SyntaxError.
 */
export async function attested(sign1, type, key) {
  const { header, payload, signature } = partsOf(sign1)
  const kid = await sha256(fromHex(key))
  const expected = encode(new Map([[1, -7], [4, kid], [16, type]]))
  if (hex(header) !== hex(expected)) throw new TypeError('a message of another type or key')
  const signed = encode(['Signature1', header, new Uint8Array(), payload])
  if (!(await crypto.subtle.verify(ECDSA, await importPublicKey(key), signature, signed))) {
    throw new TypeError('the signature is wrong')
  }
  return json(payload)
}

const json = (bytes) => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))

function partsOf(sign1) {
  if (sign1[0] !== SIGN1_TAG || sign1[1] !== 0x84) throw new TypeError('not a COSE_Sign1')
  const reader = { bytes: sign1, place: 2 }
  const header = takeBytes(reader)
  if (sign1[reader.place] !== 0xa0) throw new TypeError('not a COSE_Sign1')
  reader.place += 1
  const payload = takeBytes(reader)
  return { header, payload, signature: takeBytes(reader) }
}

function takeBytes(reader) {
  const first = reader.bytes[reader.place]
  const kind = first & 0x1f
  if (first >> 5 !== BYTES || kind > 26) throw new TypeError('not a COSE_Sign1')
  const size = kind < 24 ? 0 : 2 ** (kind - 24)
  let length = size ? 0 : kind
  for (let index = 1; index <= size; index += 1) {
    length = length * 256 + reader.bytes[reader.place + index]
  }
  const start = reader.place + 1 + size
  reader.place = start + length
  if (reader.place > reader.bytes.length) throw new TypeError('not a COSE_Sign1')
  return reader.bytes.subarray(start, reader.place)
}
