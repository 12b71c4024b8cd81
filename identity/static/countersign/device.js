// This browser as a device: makes its keys and proves that it holds them.

import { base64, base64url, fromBase64, fromBase64url, fromHex, hex, sha256, utf8 } from './encoding.js'
import { compressed } from './p256.js'

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' }
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' }
const OAEP = {
  name: 'RSA-OAEP',
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
  hash: 'SHA-256',
}

/** Why this browser can't be a device, in words; empty if it can. */
export function obstacle() {
  if (!globalThis.isSecureContext) {
    return 'This page was not loaded over HTTPS, so the browser makes no keys. Open it with https://.'
  }
  if (!globalThis.crypto?.subtle || !globalThis.indexedDB) {
    return 'This browser can make or keep no keys. Use a present version of another browser.'
  }
  return ''
}

/** New keys whose private halves can't be exported. */
export async function makeKeys() {
  const [signature, encryption] = await Promise.all([
    crypto.subtle.generateKey(CURVE, false, ['sign', 'verify']),
    crypto.subtle.generateKey(OAEP, false, ['decrypt', 'encrypt']),
  ])
  return { signature, encryption }
}

/** The public halves as the server takes them: a compressed point in hex, an SPKI in PEM. */
export async function publicKeys({ signature, encryption }) {
  const point = new Uint8Array(await crypto.subtle.exportKey('raw', signature.publicKey))
  const der = new Uint8Array(await crypto.subtle.exportKey('spki', encryption.publicKey))
  const lines = base64(der).match(/.{1,64}/g)
  return {
    signatureKey: hex(compressed(point)),
    encryptionKey: ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----', ''].join('\n'),
  }
}

/** Eight digits by which two people compare a key. */
export async function checkCode(signatureKey) {
  const digest = await sha256(fromHex(signatureKey))
  const number = BigInt(`0x${hex(digest.subarray(0, 8))}`)
  return String(number % 100_000_000n).padStart(8, '0')
}

/** The opened challenge, in base64. */
export async function opened(keys, challenge) {
  const { privateKey } = keys.encryption
  return base64(new Uint8Array(await crypto.subtle.decrypt(OAEP, privateKey, fromBase64(challenge))))
}

/** The exact text that the holder of new keys signs, as bytes. */
export function keyStatement({ type, audience, subject, name, shown, challenge, hasPassword }) {
  return utf8(
    JSON.stringify({
      type,
      audience,
      subject,
      device_name: name,
      signature_key: shown.signatureKey,
      encryption_key: shown.encryptionKey,
      challenge,
      issued_at: Math.floor(Date.now() / 1000),
      has_password: hasPassword ?? false,
    }),
  )
}

/** Raw r||s over the text, in base64. */
export async function signed(key, text) {
  return base64(new Uint8Array(await crypto.subtle.sign(SIGNING, key, text)))
}

/** Register this browser for who is signed in; the answer of the API, and the keys. */
export async function register(api, { scope, user, name, keys }) {
  const shown = await publicKeys(keys)
  const asked = { signature_key: shown.signatureKey, encryption_key: shown.encryptionKey }
  const { content } = await api.post('/me/devices/challenge', asked)
  const challenge = await opened(keys, content.challenge)
  const type = 'ecs-device/1'
  const text = keyStatement({ type, audience: scope, subject: user, name, shown, challenge })
  const signature = await signed(keys.signature.privateKey, text)
  return api.post('/me/devices', { statement: base64(text), signature })
}

/** Accept an invitation; `oneTimeKey` is a CryptoKey. The answer of the API. */
export async function accept(api, { scope, inviteString, oneTimeKey, name, password, keys }) {
  const shown = await publicKeys(keys)
  const asked = { signature_key: shown.signatureKey, encryption_key: shown.encryptionKey }
  const sent = { invite_string: inviteString, ...asked }
  const { content } = await api.post('/invitations/challenge', sent)
  const text = keyStatement({
    type: 'ecs-accept/1',
    audience: scope,
    subject: hex(await sha256(utf8(inviteString))),
    name,
    shown,
    challenge: await opened(keys, content.challenge),
    hasPassword: Boolean(password),
  })
  return api.post('/invitations/accept', {
    invite_string: inviteString,
    statement: base64(text),
    one_time_signature: await signed(oneTimeKey, text),
    signature: await signed(keys.signature.privateKey, text),
    ...(password ? { password } : {}),
  })
}

/** What the fragment of an invitation's link holds. Raises TypeError for another one. */
export function readLink(fragment) {
  const bytes = fromBase64url(fragment)
  if (bytes.length !== 113) throw new TypeError('not an invitation')
  return {
    temporaryDevice: bytes.subarray(0, 16),
    oneTimeKey: bytes.subarray(16, 48),
    inviteString: `inv_${base64url(bytes.subarray(48, 80))}`,
    serverKey: hex(bytes.subarray(80)),
  }
}
