// Runs every shared vector through the parts that a client has.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import {
  EnvelopeError,
  proposalHash,
  proposalHashInput,
  verifyEvidence,
} from '@blockstream/ecs-js-sdk'
import * as envelope from '@blockstream/ecs-js-sdk/envelope'
import * as keys from '@blockstream/ecs-js-sdk/keys'

import { refuses } from './refusals.mjs'
import { seededWrap } from './seeded-oaep.mjs'
import {
  base64,
  clientAwaiting,
  clientOf,
  hex,
  randomnessOf,
  requestNamed,
  server,
  serverDecryptionKey,
  vectors,
} from './vectors.mjs'

function awaiting(request) {
  return clientAwaiting(request, seededWrap(hex(request.oaep_seed)))
}

// What a server reads of a request, made of the client's own parts: no clock, no memory, no device
// table.
function openRequest(body, signer) {
  const outer = envelope.readOuter(envelope.readItem(body))
  const sign1 = envelope.open(outer, serverDecryptionKey)
  return { outer, sign1, evidence: verifyEvidence(sign1, signer) }
}

describe('keys', () => {
  test('names the server keys as the vectors do', () => {
    assert.equal(serverDecryptionKey.kid.toString('hex'), server.rsa_kid)
    const point = keys.readSignatureKey(hex(server.server_ecdsa_pub_key))
    assert.equal(point.kid.toString('hex'), server.ecdsa_kid)
    const pem = base64(server.server_rsa_pub_key_pem_b64).toString('utf8')
    assert.equal(keys.readEncryptionKey(pem).kid.toString('hex'), server.rsa_kid)
    assert.equal(server.audience, `ecs:${server.rsa_kid}`)
  })

  test('derives every public signature key', () => {
    const { device, other_device: other, approver, invitation } = vectors.keys
    const pairs = [
      [server.ecdsa_private, server.server_ecdsa_pub_key],
      [device.ecdsa_private, device.device_signature_pubkey],
      [other.ecdsa_private, other.device_signature_pubkey],
      [approver.ecdsa_private, approver.device_signature_pubkey],
      [invitation.oneTimePrivateKey, invitation.one_time_public],
    ]
    for (const [privateKey, expected] of pairs) {
      assert.equal(keys.signaturePublicKey(hex(privateKey)).toString('hex'), expected)
    }
    assert.equal(keys.readDecryptionKey(device.rsa_private_pem).kid.toString('hex'), device.rsa_kid)
  })
})

describe('requests', () => {
  for (const vector of vectors.requests) {
    const payload = JSON.parse(vector.payload_utf8)

    test(`builds byte for byte: ${vector.name}`, () => {
      const wrap = seededWrap(hex(vector.oaep_seed))
      const client = clientOf(vector.device, { random: randomnessOf(vector), wrap })
      const body = Buffer.from(client.request(payload))
      assert.equal(body.toString('base64'), vector.body)
      assert.equal(keys.sha256(body).toString('hex'), vector.body_sha256)
    })

    test(`wraps the same content key with its own seed: ${vector.name}`, () => {
      const client = clientOf(vector.device, { random: randomnessOf(vector) })
      const body = client.request(payload)
      const outer = envelope.readOuter(envelope.readItem(body))
      const contentKey = keys.unwrapContentKey(outer.wrappedKey, serverDecryptionKey.privateKey)
      assert.equal(contentKey.toString('hex'), vector.cek)
      assert.notEqual(outer.wrappedKey.toString('hex'), vector.recipient_ciphertext)
      // All but the wrapped key is the vector's, to the byte.
      const expected = base64(vector.body)
      const wrappedAt = expected.length - outer.wrappedKey.length
      assert.deepEqual(Buffer.from(body).subarray(0, wrappedAt), expected.subarray(0, wrappedAt))
    })

    test(`opens each part as the vector says: ${vector.name}`, () => {
      const { outer, sign1, evidence } = openRequest(base64(vector.body), hex(vector.signer_public))
      assert.equal(outer.header.toString('hex'), vector.outer_protected)
      assert.equal(outer.iv.toString('hex'), vector.iv)
      assert.equal(outer.ciphertext.toString('hex'), vector.ciphertext)
      assert.equal(outer.wrappedKey.toString('hex'), vector.recipient_ciphertext)
      assert.equal(sign1.toString('hex'), vector.cose_sign1)
      const inner = envelope.readItem(sign1).value
      assert.equal(inner[0].toString('hex'), vector.inner_protected)
      assert.equal(inner[3].toString('hex'), vector.signature)
      assert.deepEqual(evidence.payload, payload)
      assert.equal(evidence.device, vector.device)
      assert.equal(evidence.audience, server.audience)
      assert.equal(evidence.id.toString('hex'), vector.cti)
      assert.equal(evidence.issuedAt, vector.iat)
      assert.equal(evidence.expiresAt, vector.exp)
    })
  }
})

describe('replies', () => {
  for (const vector of vectors.replies) {
    test(`opens: ${vector.name}`, () => {
      const client = awaiting(requestNamed(vector.req))
      assert.deepEqual(client.parse(base64(vector.body)), JSON.parse(vector.payload_utf8))
    })

    test(`refuses a second time: ${vector.name}`, () => {
      const client = awaiting(requestNamed(vector.req))
      client.parse(base64(vector.body))
      refuses('-6', () => client.parse(base64(vector.body)))
    })
  }

  for (const vector of vectors.errors) {
    test(`opens the signed error ${vector.code} and corrects the clock`, () => {
      const client = awaiting(requestNamed(vector.req))
      const error = client.parse(base64(vector.body))
      assert.deepEqual(error, JSON.parse(vector.payload_utf8))
      assert.equal(error.error_code, vector.code)
      refuses('-6', () => client.parse(base64(vector.body)))
      const { signer_public: signer } = requestNamed(vector.req)
      // The injected cti is used again: only the time is looked at here.
      const { evidence } = openRequest(
        client.request({ action: 'get', resource: '/me' }),
        hex(signer),
      )
      assert.equal(evidence.issuedAt, vector.iat)
    })
  }
})

describe('negative replies', () => {
  for (const vector of vectors.negative_replies) {
    test(`${vector.name} → ${vector.expect}`, () => {
      assert.equal(vector.pending.length, 1)
      const client = awaiting(requestNamed(vector.pending[0]))
      const parse = () => client.parse(base64(vector.body))
      if (vector.expect === 'ok') assert.ok(parse().status)
      else refuses(vector.expect, parse)
    })
  }
})

// What only a server can judge: it needs its device table, its own name, its clock or its memory.
const JUDGED_BY_THE_SERVER = new Map([
  [
    'unknown device',
    (read) => {
      const known = Object.values(vectors.keys).map(({ uuid, deviceUuid }) => uuid ?? deviceUuid)
      assert.ok(!known.includes(read.evidence.device))
    },
  ],
  [
    'audience of another server',
    (read) => assert.notEqual(read.evidence.audience, server.audience),
  ],
  ['from the future', (read, now) => assert.ok(read.evidence.issuedAt > now + 60)],
  ['exp before iat', (read) => assert.ok(read.evidence.expiresAt < read.evidence.issuedAt)],
  [
    'same cti in a new envelope',
    (read, now, signer) => {
      const first = vectors.negative_requests.find(({ name }) => name === 'CONTROL first use')
      assert.deepEqual(read.evidence.id, openRequest(base64(first.body), signer).evidence.id)
    },
  ],
])

describe('negative requests', () => {
  const signer = hex(vectors.keys.device.device_signature_pubkey)

  for (const vector of vectors.negative_requests) {
    test(`${vector.name} → ${vector.expect}`, () => {
      const read = () => {
        const opened = openRequest(base64(vector.body), signer)
        // Spec 3.4 step 7: the device inside is the one outside.
        if (opened.evidence.device.replaceAll('-', '') !== opened.outer.device.toString('hex')) {
          throw new EnvelopeError('-1', 'the inner device differs from the outer one')
        }
        return opened
      }
      const judge = JUDGED_BY_THE_SERVER.get(vector.name)
      if (vector.expect === 'ok') assert.ok(read().evidence.payload)
      else if (judge !== undefined) judge(read(), vector.now, signer)
      else refuses(vector.expect, read)
    })
  }
})

describe('proposal', () => {
  const vector = vectors.proposal
  const proposal = {
    tenant: vector.tenant,
    proposal: vector.proposal_id,
    requestSign1: hex(vector.request_sign1),
    policy: vector.policy_id,
    policyVersion: vector.policy_version,
    reviewExpression: vector.review,
    expiresAt: vector.expires_at,
  }
  const proposer = hex(vectors.keys.device.device_signature_pubkey)
  const approver = hex(vector.approver_public)

  test('recomputes the hash from its bytes', () => {
    assert.equal(proposalHashInput(proposal).toString('hex'), vector.hash_input_cbor)
    assert.equal(proposalHash(proposal), vector.proposal_hash)
  })

  test('gives another hash when any field differs', () => {
    const changes = {
      tenant: vector.proposal_id,
      proposal: vector.tenant,
      requestSign1: Buffer.concat([proposal.requestSign1, Buffer.alloc(1)]),
      policy: vector.tenant,
      policyVersion: vector.policy_version + 1,
      reviewExpression: vector.review.replace('2', '1'),
      expiresAt: vector.expires_at + 1,
    }
    assert.deepEqual(Object.keys(changes).sort(), Object.keys(proposal).sort())
    for (const [field, value] of Object.entries(changes)) {
      assert.notEqual(proposalHash({ ...proposal, [field]: value }), vector.proposal_hash, field)
    }
  })

  test("verifies the proposer's own signature", () => {
    const { payload, device } = verifyEvidence(proposal.requestSign1, proposer)
    const proposed = vectors.requests.find(
      ({ cose_sign1: sign1 }) => sign1 === vector.request_sign1,
    )
    assert.equal(device, vectors.keys.device.uuid)
    assert.deepEqual(payload, JSON.parse(proposed.payload_utf8))
  })

  test("refuses the proposer's request under another key or with a changed bit", () => {
    refuses('-4', () => verifyEvidence(proposal.requestSign1, approver))
    for (let index = 0; index < proposal.requestSign1.length; index += 1) {
      const changed = Buffer.from(proposal.requestSign1)
      changed[index] ^= 1 << (index % 8)
      assert.throws(() => verifyEvidence(changed, proposer), EnvelopeError, `byte ${index}`)
    }
  })

  test("verifies the approver's signature over the same hash", () => {
    const { payload } = verifyEvidence(hex(vector.approval_sign1), approver)
    assert.equal(payload.action, 'approve')
    assert.equal(payload.resource, `/proposals/${vector.proposal_id}`)
    assert.equal(payload.details.proposal_hash, proposalHash(proposal))
    const { sign1 } = openRequest(base64(vector.approval_body), approver)
    assert.equal(sign1.toString('hex'), vector.approval_sign1)
  })
})
