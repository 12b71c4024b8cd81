// An authenticator in software, in the place of `navigator.credentials`: ES256, user verified.

import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

const USER_PRESENT_AND_VERIFIED = 0x05
const ATTESTED = 0x40

const sha256 = (data) => createHash('sha256').update(data).digest()
const buffer = (bytes) => Uint8Array.from(bytes).buffer
const base64url = (bytes) => Buffer.from(bytes).toString('base64url')

/** What is needed of CBOR (RFC 8949): numbers, texts, bytes and maps that are given as pairs. */
function cbor(value) {
  const head = (major, length) =>
    length < 24
      ? Buffer.from([(major << 5) | length])
      : length < 256
        ? Buffer.from([(major << 5) | 24, length])
        : Buffer.from([(major << 5) | 25, length >> 8, length & 255])
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return Buffer.concat([head(3, value.length), Buffer.from(value)])
  if (value instanceof Map) {
    const pairs = [...value].flat().map(cbor)
    return Buffer.concat([head(5, value.size), ...pairs])
  }
  return Buffer.concat([head(2, value.length), value])
}

export class Authenticator {
  constructor(origin) {
    this.origin = origin
    this.credentials = new Map()
  }

  /** Stand in for the browser's own, until the process ends. */
  install() {
    globalThis.window = globalThis
    globalThis.PublicKeyCredential = class {}
    Object.defineProperty(globalThis, 'navigator', {
      configurable: true,
      value: { credentials: { create: (one) => this.create(one), get: (one) => this.get(one) } },
    })
    return this
  }

  async create({ publicKey }) {
    const { privateKey, publicKey: made } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { x, y } = made.export({ format: 'jwk' })
    const point = [x, y].map((each) => Buffer.from(each, 'base64url'))
    const cose = cbor(new Map([[1, 2], [3, -7], [-1, 1], [-2, point[0]], [-3, point[1]]]))
    const id = randomBytes(32)
    const handle = Buffer.from(publicKey.user.id)
    this.credentials.set(base64url(id), { privateKey, handle, count: 0 })
    const idLength = Buffer.from([0, id.length])
    const attested = Buffer.concat([Buffer.alloc(16), idLength, id, cose])
    const authData = Buffer.concat([this.#data(publicKey.rp.id, ATTESTED, 0), attested])
    const found = new Map([['fmt', 'none'], ['attStmt', new Map()], ['authData', authData]])
    return this.#credential(id, publicKey, 'webauthn.create', () => ({
      attestationObject: buffer(cbor(found)),
      getTransports: () => ['internal'],
    }))
  }

  async get({ publicKey }) {
    const known = publicKey.allowCredentials
      .map((each) => base64url(new Uint8Array(each.id)))
      .find((each) => this.credentials.has(each))
    if (!known) throw new Error('NotAllowedError')
    const held = this.credentials.get(known)
    held.count += 1
    const data = this.#data(publicKey.rpId, 0, held.count)
    const id = Buffer.from(known, 'base64url')
    return this.#credential(id, publicKey, 'webauthn.get', (client) => ({
      authenticatorData: buffer(data),
      signature: buffer(sign('sha256', Buffer.concat([data, sha256(client)]), held.privateKey)),
      userHandle: buffer(held.handle),
    }))
  }

  #data(rpId, more, count) {
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(count)
    const flags = Buffer.from([USER_PRESENT_AND_VERIFIED | more])
    return Buffer.concat([sha256(rpId), flags, counter])
  }

  #credential(id, publicKey, type, answer) {
    const challenge = base64url(new Uint8Array(publicKey.challenge))
    const said = { type, challenge, origin: this.origin, crossOrigin: false }
    const client = Buffer.from(JSON.stringify(said))
    return {
      type: 'public-key',
      id: base64url(id),
      rawId: buffer(id),
      authenticatorAttachment: 'platform',
      response: { clientDataJSON: buffer(client), ...answer(client) },
      getClientExtensionResults: () => ({}),
    }
  }
}
