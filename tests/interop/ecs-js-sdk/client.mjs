// The client of one device: seals requests and opens what the server answers to them.

import crypto from 'node:crypto'

import * as envelope from './envelope.mjs'
import { malformed, notAuthentic, notExpected } from './errors.mjs'
import * as keys from './keys.mjs'
import * as strictJson from './strict-json.mjs'

// Spec 3.5: the life of a request, and how many answers one client waits for and how long.
const LIFE_SECONDS = 60
const MAX_OPEN_REQUESTS = 1024
const OPEN_SECONDS = 600

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const STATUSES = new Set(['success', 'pending', 'failed', 'unauthorized', 'rejected'])
const REFUSALS = new Set(['failed', 'unauthorized'])
const OUTSIDE_THE_TIME_WINDOW = '-5'
const ERROR_CODE = /^-(?:[1-9]|1[0-3])$/
const REPLY_CLAIMS = ['audience', 'issued', 'id', 'request'].map((name) => envelope.CLAIM[name])
const ERROR_CLAIMS = ['issued', 'id', 'request'].map((name) => envelope.CLAIM[name])

/** The signed-in state of one device, or of an invitation's one-time device. */
export class Blockstream {
  #decryptionKey
  #signaturePrivateKey
  #device
  #deviceBytes
  #serverEncryptionKey
  #serverSignatureKey
  #now
  #random
  #wrap
  #clockCorrection = 0
  #open = new Map()

  /**
   * The five arguments of the onboarding page: this device's RSA private key (PEM), its P-256
   * private key (32 bytes), its id, the server's RSA public key (PEM) and the server's P-256 public
   * key (33 or 65 bytes). `options` exists for tests: `now()` in seconds, `random(size, purpose)`
   * and `wrap(contentKey, publicKey)`.
   */
  constructor(rsaPrivateKey, ecdsaPrivateKey, deviceUuid, serverRsaKey, serverEcdsaKey, options) {
    const device = String(deviceUuid).toLowerCase()
    if (!UUID.test(device)) throw new TypeError('the device id is not a UUID')
    this.#decryptionKey = keys.readDecryptionKey(rsaPrivateKey)
    this.#signaturePrivateKey = Uint8Array.from(ecdsaPrivateKey)
    keys.signaturePublicKey(this.#signaturePrivateKey)
    this.#device = device
    this.#deviceBytes = Buffer.from(device.replaceAll('-', ''), 'hex')
    this.#serverEncryptionKey = keys.readEncryptionKey(serverRsaKey)
    this.#serverSignatureKey = keys.readSignatureKey(serverEcdsaKey)
    this.#now = options?.now ?? (() => Date.now() / 1000)
    this.#random = options?.random ?? ((size) => crypto.randomBytes(size))
    this.#wrap = options?.wrap ?? keys.wrapContentKey
  }

  /**
   * The COSE bytes of one request, which is open from now on. Raises TypeError for a payload that
   * is no request, EnvelopeError for one that I-JSON cannot carry, Error when 1,024 requests are
   * open.
   */
  request(payload) {
    requireRequest(payload)
    const text = Buffer.from(JSON.stringify(payload), 'utf8')
    strictJson.parse(text)
    this.#forgetOldRequests()
    if (this.#open.size >= MAX_OPEN_REQUESTS) throw new Error('too many requests are open')
    const issued = Math.floor(this.#now() + this.#clockCorrection)
    const sign1 = envelope.signSign1({
      type: envelope.REQUEST_TYPE,
      kid: this.#deviceBytes,
      claims: new Map([
        [envelope.CLAIM.audience, `ecs:${this.#serverEncryptionKey.kid.toString('hex')}`],
        [envelope.CLAIM.expires, issued + LIFE_SECONDS],
        [envelope.CLAIM.issued, issued],
        [envelope.CLAIM.id, this.#random(16, 'cti')],
      ]),
      payload: text,
      privateKey: this.#signaturePrivateKey,
    })
    const body = envelope.seal({
      device: this.#deviceBytes,
      recipient: this.#serverEncryptionKey,
      sign1,
      contentKey: this.#random(32, 'cek'),
      iv: this.#random(12, 'iv'),
      wrap: this.#wrap,
    })
    this.#open.set(requestId(body), this.#now())
    return new Uint8Array(body)
  }

  /**
   * What the server says in answer to one open request, which is closed by it: a reply that was
   * sealed to this device, or a signed error in the clear. Raises EnvelopeError for anything else.
   */
  parse(message) {
    if (!(message instanceof Uint8Array)) throw new TypeError('the message is not a Uint8Array')
    const item = envelope.readItem(message)
    return item.number === envelope.SIGN1_TAG ? this.#parseError(item) : this.#parseReply(item)
  }

  /** Gives up the answer to a request that was not delivered; a late answer is then refused. */
  abandon(body) {
    this.#open.delete(requestId(body))
  }

  #parseReply(item) {
    const outer = envelope.readOuter(item)
    if (!outer.device.equals(this.#deviceBytes)) throw notAuthentic('for another device')
    const inner = envelope.readSign1(envelope.readItem(envelope.open(outer, this.#decryptionKey)), {
      expectedType: envelope.REPLY_TYPE,
      expectedClaims: REPLY_CLAIMS,
      kidBytes: 32,
    })
    this.#verifyServer(inner)
    if (inner.claims.get(envelope.CLAIM.audience) !== this.#device) {
      throw notAuthentic('the reply is for another device')
    }
    this.#closeRequest(inner)
    const reply = strictJson.parse(inner.payload)
    requireReply(reply)
    return reply
  }

  // Spec 3.6: only refusals travel in the clear, and they hold nothing but status, code and text.
  #parseError(item) {
    const inner = envelope.readSign1(item, {
      expectedType: envelope.ERROR_TYPE,
      expectedClaims: ERROR_CLAIMS,
      kidBytes: 32,
    })
    this.#verifyServer(inner)
    this.#closeRequest(inner)
    const error = strictJson.parse(inner.payload)
    requireError(error)
    // Spec 3.5: a verified message that answers our own request may correct our clock, and nothing
    // else may.
    if (error.error_code === OUTSIDE_THE_TIME_WINDOW) {
      this.#clockCorrection = inner.claims.get(envelope.CLAIM.issued) - this.#now()
    }
    return error
  }

  #verifyServer(inner) {
    if (!inner.kid.equals(this.#serverSignatureKey.kid)) throw notAuthentic('by another server key')
    keys.verify(inner.signed, inner.signature, this.#serverSignatureKey.compressed)
  }

  #closeRequest(inner) {
    this.#forgetOldRequests()
    if (!this.#open.delete(inner.claims.get(envelope.CLAIM.request).toString('hex'))) {
      throw notExpected('the message answers no open request')
    }
  }

  #forgetOldRequests() {
    const oldest = this.#now() - OPEN_SECONDS
    for (const [id, openedAt] of this.#open) if (openedAt < oldest) this.#open.delete(id)
  }
}

function requestId(body) {
  return keys.sha256(body).toString('hex')
}

function requireRequest(payload) {
  const isSingle = typeof payload?.action === 'string' && typeof payload.resource === 'string'
  const isBatch = Array.isArray(payload?.batch) || Array.isArray(payload?.atomicBatch)
  if (isSingle === isBatch) throw new TypeError('a request has action and resource, or batches')
}

function requireReply(reply) {
  const isBatch = Array.isArray(reply.batch) || Array.isArray(reply.atomicBatch)
  if (!isBatch && !STATUSES.has(reply.status)) throw malformed('the reply has no known status')
}

function requireError(error) {
  const isKnown = REFUSALS.has(error.status) && ERROR_CODE.test(error.error_code)
  if (!isKnown || typeof error.message !== 'string' || Object.keys(error).length !== 3) {
    throw malformed('the signed error has another shape')
  }
}
