// What the JavaScript client refuses, tried without a network.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { EnvelopeError } from '@blockstream/ecs-js-sdk'
import * as cbor from '@blockstream/ecs-js-sdk/cbor'
import * as envelope from '@blockstream/ecs-js-sdk/envelope'
import * as keys from '@blockstream/ecs-js-sdk/keys'

import { refuses } from './refusals.mjs'
import { replySign1, sealReply, signError } from './vector-server.mjs'
import { base64, clientAwaiting, clientOf, hex, requestNamed, server, vectors } from './vectors.mjs'

const ME = { action: 'get', resource: '/me', details: {} }
const SUCCESS = { status: 'success', details: {} }
const REFUSAL = { status: 'failed', error_code: '-1', message: 'malformed' }
const own = vectors.keys.device
const other = vectors.keys.other_device

function ownClient(options) {
  return clientOf(own.uuid, options)
}

describe('a reply', () => {
  test('is opened once and no more', () => {
    const client = ownClient()
    const reply = sealReply(replySign1({ request: client.request(ME), payload: SUCCESS }))
    assert.deepEqual(client.parse(reply), SUCCESS)
    refuses('-6', () => client.parse(reply))
  })

  test('is refused when it is sealed a second time for a request that is answered', () => {
    const client = ownClient()
    const sign1 = replySign1({ request: client.request(ME), payload: SUCCESS })
    client.parse(sealReply(sign1))
    refuses('-6', () => client.parse(sealReply(sign1)))
  })

  test('is refused by an instance that did not ask', () => {
    const request = ownClient().request(ME)
    const reply = sealReply(replySign1({ request, payload: SUCCESS }))
    refuses('-6', () => ownClient().parse(reply))
  })

  test('is refused after ten minutes, and when the request was abandoned', () => {
    let now = vectors.now
    const client = ownClient({ now: () => now })
    const late = sealReply(replySign1({ request: client.request(ME), payload: SUCCESS }))
    now += 601
    refuses('-6', () => client.parse(late))
    const request = client.request(ME)
    client.abandon(request)
    refuses('-6', () => client.parse(sealReply(replySign1({ request, payload: SUCCESS }))))
  })

  test('answers requests in any order', () => {
    const client = ownClient()
    const requests = [1, 2, 3].map((number) => client.request({ ...ME, details: { number } }))
    for (const index of [2, 0, 1]) {
      const payload = { status: 'success', details: { index } }
      const reply = sealReply(replySign1({ request: requests[index], payload }))
      assert.deepEqual(client.parse(reply), payload)
    }
  })

  test('is refused from another server key', () => {
    const client = ownClient()
    const request = client.request(ME)
    const signer = hex(other.ecdsa_private)
    refuses('-4', () => client.parse(sealReply(replySign1({ request, payload: SUCCESS, signer }))))
    assert.deepEqual(client.parse(sealReply(replySign1({ request, payload: SUCCESS }))), SUCCESS)
  })

  test('is refused with the name of another key on the right signature', () => {
    const client = ownClient()
    const request = client.request(ME)
    const kid = keys.sha256(hex(other.device_signature_pubkey))
    refuses('-4', () => client.parse(sealReply(replySign1({ request, payload: SUCCESS, kid }))))
    refuses('-4', () => client.parse(signError({ request, payload: REFUSAL, kid })))
  })

  test('is refused with a header that is not signed', () => {
    const client = ownClient()
    const { value } = envelope.readItem(
      replySign1({ request: client.request(ME), payload: SUCCESS }),
    )
    value[1] = new Map([[4, Buffer.alloc(32)]])
    const sign1 = cbor.encode(new cbor.Tag(envelope.SIGN1_TAG, value))
    refuses('-1', () => client.parse(sealReply(sign1)))
  })

  test('is refused by a client that expects another server key', () => {
    const client = ownClient({ serverEcdsaKey: hex(other.device_signature_pubkey) })
    const reply = sealReply(replySign1({ request: client.request(ME), payload: SUCCESS }))
    refuses('-4', () => client.parse(reply))
  })

  test('is refused for another device, outside or inside', () => {
    const client = ownClient()
    const request = client.request(ME)
    const inside = replySign1({ request, payload: SUCCESS, device: other.uuid })
    refuses('-4', () => client.parse(sealReply(inside)))
    const outside = sealReply(replySign1({ request, payload: SUCCESS }), { device: other.uuid })
    refuses('-4', () => client.parse(outside))
  })

  test('is refused in the clear', () => {
    const client = ownClient()
    refuses('-2', () => client.parse(replySign1({ request: client.request(ME), payload: SUCCESS })))
  })

  test('is refused with a claim too many or an unknown status', () => {
    const client = ownClient()
    const request = client.request(ME)
    const claims = [[envelope.CLAIM.expires, vectors.now + 60]]
    refuses('-1', () => client.parse(sealReply(replySign1({ request, payload: SUCCESS, claims }))))
    const payload = { status: 'done' }
    refuses('-1', () => client.parse(sealReply(replySign1({ request, payload }))))
  })

  test('is refused with a repeated key, although it is signed', () => {
    const client = ownClient()
    const payload = Buffer.from('{"status":"success","st\\u0061tus":"pending"}')
    const reply = sealReply(replySign1({ request: client.request(ME), payload }))
    refuses('-1', () => client.parse(reply))
  })

  test('is refused with any algorithm or type but ours', () => {
    const client = ownClient()
    const sign1 = replySign1({ request: client.request(ME), payload: SUCCESS })
    const forEachChange = (item, changes, rebuild) => {
      for (const [label, value] of changes) {
        const header = cbor.decode(item.value[0])
        header.set(label, value)
        const parts = [cbor.encode(header), ...item.value.slice(1)]
        refuses('-2', () => client.parse(rebuild(cbor.encode(new cbor.Tag(item.number, parts)))))
      }
    }
    const types = [3, 'application/vnd.ecs.reply.v2+cose', envelope.REQUEST_TYPE].map((typ) => [
      16,
      typ,
    ])
    const outer = envelope.readItem(sealReply(sign1))
    forEachChange(outer, [[1, 1], [1, 2], [1, 24], [3, 50], ...types], (bytes) => bytes)
    const inner = envelope.readItem(sign1)
    forEachChange(inner, [[1, -35], [1, -8], [1, 5], [1, -257], [3, 18], ...types], (bytes) =>
      sealReply(bytes),
    )
  })

  test('is refused with any one bit flipped', () => {
    const [vector] = vectors.replies
    const body = base64(vector.body)
    const client = clientAwaiting(requestNamed(vector.req), exactWrap(requestNamed(vector.req)))
    for (let index = 0; index < body.length; index += 1) {
      const changed = Buffer.from(body)
      changed[index] ^= 1 << (index % 8)
      assert.throws(() => client.parse(changed), EnvelopeError, `byte ${index}`)
    }
    assert.equal(client.parse(body).status, 'success')
  })

  test('is refused when it is cut short or has a byte too many', () => {
    const client = ownClient()
    const reply = sealReply(replySign1({ request: client.request(ME), payload: SUCCESS }))
    for (let length = 0; length < reply.length; length += 7) {
      assert.throws(() => client.parse(reply.subarray(0, length)), EnvelopeError)
    }
    refuses('-1', () => client.parse(Buffer.concat([reply, Buffer.alloc(1)])))
    const long = Buffer.alloc(envelope.MAX_BODY_BYTES + 1)
    assert.throws(() => client.parse(long), /too long.*\(-1\)/)
    assert.throws(() => client.parse('text'), TypeError)
  })
})

// The vector's own wrapped key in place of a new one, so that the request is the vector's.
function exactWrap(request) {
  return () => hex(request.recipient_ciphertext)
}

describe('a signed error', () => {
  test('answers one request, once', () => {
    const client = ownClient()
    const error = signError({ request: client.request(ME), payload: REFUSAL })
    assert.deepEqual(client.parse(error), REFUSAL)
    refuses('-6', () => client.parse(error))
  })

  test('is refused from another key, for another request, or with a flipped bit', () => {
    const client = ownClient()
    const request = client.request(ME)
    const signer = hex(other.ecdsa_private)
    refuses('-4', () => client.parse(signError({ request, payload: REFUSAL, signer })))
    refuses('-6', () => client.parse(signError({ request: Buffer.from('x'), payload: REFUSAL })))
    const error = signError({ request, payload: REFUSAL })
    for (let index = 0; index < error.length; index += 1) {
      const changed = Buffer.from(error)
      changed[index] ^= 1 << (index % 8)
      assert.throws(() => client.parse(changed), EnvelopeError, `byte ${index}`)
    }
    assert.deepEqual(client.parse(error), REFUSAL)
  })

  test('never carries a success or anything beside code and text', () => {
    const payloads = [
      { ...REFUSAL, status: 'success' },
      { ...REFUSAL, status: 'pending' },
      { ...REFUSAL, details: {} },
      { ...REFUSAL, error_code: '-14' },
      { status: 'failed', error_code: '-1' },
    ]
    for (const payload of payloads) {
      const client = ownClient()
      refuses('-1', () => client.parse(signError({ request: client.request(ME), payload })))
    }
  })

  test('corrects the clock only when it says -5 and is verified', () => {
    const issuedBy = (client) => {
      const outer = envelope.readOuter(envelope.readItem(client.request(ME)))
      const ownServer = keys.readDecryptionKey(server.rsa_private_pem)
      const header = envelope.readItem(envelope.open(outer, ownServer)).value[0]
      return cbor.decode(header).get(15).get(envelope.CLAIM.issued)
    }
    const untimely = {
      status: 'unauthorized',
      error_code: '-5',
      message: 'outside the time window',
    }
    const wrong = vectors.now - 7200
    const client = ownClient({ now: () => wrong })
    const request = client.request(ME)
    const signer = hex(other.ecdsa_private)
    refuses('-4', () => client.parse(signError({ request, payload: untimely, signer })))
    client.parse(signError({ request: client.request(ME), payload: REFUSAL }))
    assert.equal(issuedBy(client), wrong)
    client.parse(signError({ request, payload: untimely }))
    assert.equal(issuedBy(client), vectors.now)
  })
})

describe('a request', () => {
  test('is never the same twice', () => {
    const client = ownClient()
    const bodies = new Set(
      Array.from({ length: 20 }, () => keys.sha256(client.request(ME)).toString('hex')),
    )
    assert.equal(bodies.size, 20)
  })

  test('waits with at most 1,023 others', () => {
    let now = vectors.now
    const client = ownClient({ now: () => now })
    for (let count = 0; count < 1024; count += 1) client.request(ME)
    assert.throws(() => client.request(ME), /too many requests/)
    now += 601
    assert.ok(client.request(ME) instanceof Uint8Array)
  })

  test('is refused with a payload that is no request or no I-JSON', () => {
    const client = ownClient()
    for (const payload of [null, 'text', [], {}, { action: 'get' }, { ...ME, batch: [] }]) {
      assert.throws(() => client.request(payload), TypeError)
    }
    refuses('-1', () => client.request({ ...ME, details: { text: '\ud800' } }))
    refuses('-1', () => client.request({ ...ME, details: { number: 2 ** 53 } }))
    refuses('-1', () => client.request({ ...ME, details: { text: 'x'.repeat(512 * 1024) } }))
  })

  test('is refused with keys outside the profile', () => {
    const wrongKey = hex(server.server_ecdsa_pub_key)
    wrongKey[0] = 5
    assert.throws(() => ownClient({ serverEcdsaKey: wrongKey }))
    assert.throws(() => clientOf(own.uuid, { serverRsaKey: 'no key' }))
  })
})
