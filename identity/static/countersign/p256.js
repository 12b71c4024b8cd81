// Points of P-256: WebCrypto imports a bare private number and a compressed point nowhere.

import { base64url, fromHex, hex, joined } from './encoding.js'

const PRIME = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
const CURVE_B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn
const GENERATOR = [
  0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
]

const modulo = (value) => ((value % PRIME) + PRIME) % PRIME

function inverse(value) {
  let [low, high, first, second] = [modulo(value), PRIME, 1n, 0n]
  while (low > 1n) {
    const ratio = high / low
    ;[low, high, first, second] = [high - low * ratio, low, second - first * ratio, first]
  }
  return modulo(first)
}

function added(one, other) {
  if (one === null) return other
  if (other === null) return one
  if (one[0] === other[0] && one[1] !== other[1]) return null
  const slope =
    one[0] === other[0]
      ? modulo((3n * one[0] * one[0] - 3n) * inverse(2n * one[1]))
      : modulo((other[1] - one[1]) * inverse(other[0] - one[0]))
  const x = modulo(slope * slope - one[0] - other[0])
  return [x, modulo(slope * (one[0] - x) - one[1])]
}

/** The point of a private number, as `[x, y]`. Not for keys of lasting worth: its time differs. */
function publicPoint(number) {
  let [sum, power, rest] = [null, GENERATOR, number]
  for (; rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = added(sum, power)
    power = added(power, power)
  }
  if (sum === null) throw new TypeError('not a private key')
  return sum
}

const coordinate = (value) => fromHex(value.toString(16).padStart(64, '0'))

/** A one-time key for signing, from the 32 bytes of its private number. */
export async function importOneTimeKey(bytes) {
  const [x, y] = publicPoint(BigInt(`0x${hex(bytes)}`))
  const key = {
    kty: 'EC',
    crv: 'P-256',
    d: base64url(bytes),
    x: base64url(coordinate(x)),
    y: base64url(coordinate(y)),
  }
  return crypto.subtle.importKey('jwk', key, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
}

function power(base, exponent) {
  let [result, square] = [1n, base]
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = modulo(result * square)
    square = modulo(square * square)
  }
  return result
}

/** A public key for verifying, from a compressed point in hex. Raises TypeError for no point. */
export async function importPublicKey(text) {
  const bytes = fromHex(text)
  if (bytes.length !== 33 || (bytes[0] !== 2 && bytes[0] !== 3)) throw new TypeError('not a point')
  const x = BigInt(`0x${hex(bytes.subarray(1))}`)
  const square = modulo(x * x * x - 3n * x + CURVE_B)
  const root = power(square, (PRIME + 1n) / 4n)
  if (x >= PRIME || modulo(root * root) !== square) throw new TypeError('not a point')
  const y = (root & 1n) === BigInt(bytes[0] & 1) ? root : PRIME - root
  const point = joined(Uint8Array.of(4), coordinate(x), coordinate(y))
  return crypto.subtle.importKey('raw', point, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])
}

/** The compressed form (33 bytes) of an uncompressed point (65 bytes). */
export function compressed(point) {
  const bytes = point.slice(0, 33)
  bytes[0] = 2 + (point[64] & 1)
  return bytes
}
