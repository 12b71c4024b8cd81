// The keys of the envelope: P-256 for signatures, RSA for content keys, SHA-256 for their names.

import crypto from 'node:crypto'

import { p256 } from '@noble/curves/nist'

import { cannotOpen, notAuthentic } from './errors.mjs'

const RSA_EXPONENT = 65537n
const RSA_SMALLEST_BITS = 2048
const RSA_LARGEST_BITS = 4096
const SIGNATURE_BYTES = 64

export function sha256(...parts) {
  const hash = crypto.createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** A P-256 public point, 33 or 65 bytes, as its compressed bytes and their SHA-256. */
export function readSignatureKey(bytes) {
  const compressed = Buffer.from(p256.Point.fromHex(Buffer.from(bytes)).toBytes(true))
  return { compressed, kid: sha256(compressed) }
}

/** The compressed public point of a 32-byte P-256 private key. */
export function signaturePublicKey(privateKey) {
  return Buffer.from(p256.getPublicKey(privateKey, true))
}

/** ES256: 64 bytes r||s with low s, deterministic (RFC 6979). */
export function sign(message, privateKey) {
  return Buffer.from(p256.sign(sha256(message), privateKey, { lowS: true }).toBytes('compact'))
}

/**
 * Raises EnvelopeError '-4' unless `signature` is r||s of `message` by this key; high s is
 * accepted.
 */
export function verify(message, signature, expectedKey) {
  if (signature.length !== SIGNATURE_BYTES || !isSignature(message, signature, expectedKey)) {
    throw notAuthentic('the signature does not hold')
  }
}

function isSignature(message, signature, expectedKey) {
  const point = p256.Point.fromHex(expectedKey).toBytes(true)
  try {
    return p256.verify(signature, sha256(message), point, { lowS: false, format: 'compact' })
  } catch {
    // The library throws where r or s is outside 1 to n - 1; a bad key has thrown above.
    return false
  }
}

/** An RSA public key from its SPKI PEM, with the name that the envelope gives it. */
export function readEncryptionKey(pem) {
  return named(crypto.createPublicKey(pem))
}

/** An RSA private key from its PEM, with the name of its public part. */
export function readDecryptionKey(pem) {
  const key = crypto.createPrivateKey(pem)
  return { ...named(crypto.createPublicKey(key)), privateKey: key }
}

function named(key) {
  const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType !== 'rsa' || publicExponent !== RSA_EXPONENT) {
    throw new TypeError('an RSA key with the exponent 65537 is needed')
  }
  if (modulusLength < RSA_SMALLEST_BITS || modulusLength > RSA_LARGEST_BITS) {
    throw new TypeError('an RSA key of 2048 to 4096 bits is needed')
  }
  // Spec 3.3: the key id is the SHA-256 of the SubjectPublicKeyInfo.
  return { publicKey: key, kid: sha256(key.export({ type: 'spki', format: 'der' })) }
}

// RFC 8230 section 3, algorithm -41: OAEP with SHA-256 for the hash and for MGF1, empty label.
const OAEP = { padding: crypto.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }

export function wrapContentKey(contentKey, publicKey) {
  return crypto.publicEncrypt({ key: publicKey, ...OAEP }, contentKey)
}

/** Raises EnvelopeError '-3' for every fault, so that a caller cannot tell them apart. */
export function unwrapContentKey(wrapped, privateKey) {
  try {
    return crypto.privateDecrypt({ key: privateKey, ...OAEP }, wrapped)
  } catch {
    throw cannotOpen()
  }
}
