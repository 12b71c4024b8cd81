// The two layers of ECS-COSE v1: a signed COSE_Sign1 inside an encrypted COSE_Encrypt.

import crypto from 'node:crypto'

import * as cbor from './cbor.mjs'
import { cannotOpen, malformed, unsupported } from './errors.mjs'
import * as keys from './keys.mjs'

export const MAX_BODY_BYTES = 1024 * 1024
export const SIGN1_TAG = 18
export const ENCRYPT_TAG = 96

export const ENVELOPE_TYPE = 'application/vnd.ecs.envelope.v1+cose'
export const REQUEST_TYPE = 'application/vnd.ecs.request.v1+cose'
export const REPLY_TYPE = 'application/vnd.ecs.reply.v1+cose'
export const ERROR_TYPE = 'application/vnd.ecs.error.v1+cose'

// Header labels of RFC 9052 section 3.1, RFC 9597 (claims) and RFC 9596 (typ).
const ALG = 1
const CONTENT_TYPE = 3
const KID = 4
const IV = 5
const CLAIMS = 15
const TYP = 16

// Claim labels of RFC 8392 section 4; "req" is ours.
export const CLAIM = { audience: 3, expires: 4, issued: 6, id: 7, request: 'req' }

const A256GCM = 3
const ES256 = -7
const RSA_OAEP_256 = -41
// CoAP content formats: what lies inside is a COSE_Sign1, and inside that a JSON text.
const HOLDS_SIGN1 = 18
const HOLDS_JSON = 50

const DEVICE_BYTES = 16
const KEY_ID_BYTES = 32
const ID_BYTES = 16
const IV_BYTES = 12
const GCM_TAG_BYTES = 16
const CONTENT_KEY_BYTES = 32
const NOTHING = Buffer.alloc(0)

/** The bytes of a decoded top item, of bounded size. Raises EnvelopeError '-1'. */
export function readItem(body) {
  if (body.length > MAX_BODY_BYTES) throw malformed('the message is too long')
  const item = cbor.decode(body)
  if (!(item instanceof cbor.Tag)) throw malformed('the message is not COSE')
  return item
}

/**
 * Encrypts a COSE_Sign1 to one RSA key (spec 3.3). `device` is the 16 bytes of the device's id,
 * `contentKey` 32 and `iv` 12 fresh random bytes; `wrap` encrypts the content key to the recipient.
 */
export function seal({ device, recipient, sign1, contentKey, iv, wrap = keys.wrapContentKey }) {
  const header = cbor.encode(
    new Map([
      [ALG, A256GCM],
      [CONTENT_TYPE, HOLDS_SIGN1],
      [KID, device],
      [TYP, ENVELOPE_TYPE],
    ]),
  )
  const cipher = crypto.createCipheriv('aes-256-gcm', contentKey, iv)
  cipher.setAAD(encryptionContext(header))
  const ciphertext = Buffer.concat([cipher.update(sign1), cipher.final(), cipher.getAuthTag()])
  const recipientHeader = new Map([
    [ALG, RSA_OAEP_256],
    [KID, recipient.kid],
  ])
  // RFC 9052 section 8.5.3: key transport has a zero-length protected header.
  const recipients = [[NOTHING, recipientHeader, wrap(contentKey, recipient.publicKey)]]
  return cbor.encode(
    new cbor.Tag(ENCRYPT_TAG, [header, new Map([[IV, iv]]), ciphertext, recipients]),
  )
}

// RFC 9052 section 5.3: what the cipher authenticates beside the text.
function encryptionContext(header) {
  return cbor.encode(['Encrypt', header, NOTHING])
}

/**
 * The parts of a COSE_Encrypt, not yet opened: the device it names, the recipient's key id and what
 * `open` needs. Raises EnvelopeError '-1' for a wrong shape and '-2' for another algorithm or type.
 */
export function readOuter(item) {
  if (item.number !== ENCRYPT_TAG) throw malformed('not a COSE_Encrypt')
  const [header, unprotected, ciphertext, recipients] = list(item.value, 4)
  const labels = protectedHeader(header, [ALG, CONTENT_TYPE, KID, TYP])
  if (
    labels.get(ALG) !== A256GCM ||
    labels.get(CONTENT_TYPE) !== HOLDS_SIGN1 ||
    labels.get(TYP) !== ENVELOPE_TYPE
  ) {
    throw unsupported('the envelope names another algorithm or type')
  }
  const iv = closedMap(unprotected, [IV]).get(IV)
  const [recipient] = list(recipients, 1)
  const [recipientHeader, recipientLabels, wrappedKey] = list(recipient, 3)
  bytes(recipientHeader, 0)
  const recipientMap = closedMap(recipientLabels, [ALG, KID])
  if (recipientMap.get(ALG) !== RSA_OAEP_256) throw unsupported('another key transport')
  return {
    device: bytes(labels.get(KID), DEVICE_BYTES),
    recipientKid: bytes(recipientMap.get(KID), KEY_ID_BYTES),
    header,
    iv: bytes(iv, IV_BYTES),
    ciphertext: bytes(ciphertext),
    wrappedKey: bytes(wrappedKey),
  }
}

/** The bytes inside a COSE_Encrypt. Raises EnvelopeError '-3', the same for every fault. */
export function open(outer, ownKey) {
  if (!outer.recipientKid.equals(ownKey.kid)) throw cannotOpen()
  const contentKey = keys.unwrapContentKey(outer.wrappedKey, ownKey.privateKey)
  const textLength = outer.ciphertext.length - GCM_TAG_BYTES
  if (contentKey.length !== CONTENT_KEY_BYTES || textLength < 0) throw cannotOpen()
  const options = { authTagLength: GCM_TAG_BYTES }
  const cipher = crypto.createDecipheriv('aes-256-gcm', contentKey, outer.iv, options)
  cipher.setAAD(encryptionContext(outer.header))
  cipher.setAuthTag(outer.ciphertext.subarray(textLength))
  try {
    return Buffer.concat([cipher.update(outer.ciphertext.subarray(0, textLength)), cipher.final()])
  } catch {
    throw cannotOpen()
  }
}

/**
 * A COSE_Sign1 over `payload` by a 32-byte P-256 private key; `claims` is a Map of claim labels.
 */
export function signSign1({ type, kid, claims, payload, privateKey }) {
  const header = cbor.encode(
    new Map([
      [ALG, ES256],
      [CONTENT_TYPE, HOLDS_JSON],
      [KID, kid],
      [CLAIMS, claims],
      [TYP, type],
    ]),
  )
  const signature = keys.sign(signatureContext(header, payload), privateKey)
  return cbor.encode(new cbor.Tag(SIGN1_TAG, [header, new Map(), payload, signature]))
}

// RFC 9052 section 4.4: what the signature covers.
function signatureContext(header, payload) {
  return cbor.encode(['Signature1', header, NOTHING, payload])
}

/**
 * The parts of a COSE_Sign1 of one expected type with exactly the expected claims, not yet
 * verified: `kid`, `claims`, `payload` bytes, `signed` (the bytes under the signature) and
 * `signature`. Raises EnvelopeError '-1' for a wrong shape and '-2' for another algorithm or type.
 */
export function readSign1(item, { expectedType, expectedClaims, kidBytes }) {
  if (item.number !== SIGN1_TAG) throw malformed('not a COSE_Sign1')
  const [header, unprotected, payload, signature] = list(item.value, 4)
  const labels = protectedHeader(header, [ALG, CONTENT_TYPE, KID, CLAIMS, TYP])
  if (
    labels.get(ALG) !== ES256 ||
    labels.get(CONTENT_TYPE) !== HOLDS_JSON ||
    labels.get(TYP) !== expectedType
  ) {
    throw unsupported('the signature names another algorithm or type')
  }
  closedMap(unprotected, [])
  return {
    kid: bytes(labels.get(KID), kidBytes),
    claims: readClaims(labels.get(CLAIMS), expectedClaims),
    payload: bytes(payload),
    signed: signatureContext(header, bytes(payload)),
    signature: bytes(signature),
  }
}

function readClaims(value, expectedClaims) {
  const claims = closedMap(value, expectedClaims)
  for (const [label, claim] of claims) {
    if (label === CLAIM.id) bytes(claim, ID_BYTES)
    else if (label === CLAIM.request) bytes(claim, KEY_ID_BYTES)
    else if (label === CLAIM.audience) requireShape(typeof claim === 'string')
    else requireShape(typeof claim === 'number' && claim >= 0)
  }
  return claims
}

// Spec 3.3: labels are closed sets; one that is unknown, missing or extra is an error.
function closedMap(value, expectedLabels) {
  requireShape(value instanceof Map && value.size === expectedLabels.length)
  for (const label of expectedLabels) requireShape(value.has(label))
  return value
}

function protectedHeader(value, expectedLabels) {
  return closedMap(cbor.decode(bytes(value)), expectedLabels)
}

function list(value, expectedLength) {
  requireShape(Array.isArray(value) && value.length === expectedLength)
  return value
}

function bytes(value, expectedLength) {
  requireShape(value instanceof Uint8Array)
  requireShape(expectedLength === undefined || value.length === expectedLength)
  return value
}

function requireShape(condition) {
  if (!condition) throw malformed('the COSE message has another shape')
}
