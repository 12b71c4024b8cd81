// Bytes and their texts: hex, base64, base64url, UTF-8, UUIDs.

export const utf8 = (text) => new TextEncoder().encode(text)

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** The bytes of an even number of hexadecimal digits. Raises TypeError. */
export function fromHex(text) {
  if (!/^([0-9a-f]{2})*$/i.test(text)) throw new TypeError('not hexadecimal')
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16))
}

export const base64 = (bytes) => btoa(String.fromCharCode(...bytes))

export const fromBase64 = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))

export const base64url = (bytes) =>
  base64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')

export const fromBase64url = (text) => fromBase64(text.replaceAll('-', '+').replaceAll('_', '/'))

/** The 16 bytes of a UUID. Raises TypeError. */
export function uuidBytes(text) {
  const bytes = fromHex(text.replaceAll('-', ''))
  if (bytes.length !== 16) throw new TypeError('not a UUID')
  return bytes
}

export const uuidText = (bytes) =>
  hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

export function joined(...parts) {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let place = 0
  for (const part of parts) {
    all.set(part, place)
    place += part.length
  }
  return all
}

export const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
