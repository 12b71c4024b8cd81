// The modules of the browser (identity/static/countersign) against the client of this folder.

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'

import * as envelope from '@blockstream/ecs-js-sdk/envelope'
import * as evidence from '@blockstream/ecs-js-sdk/evidence'
import * as keys from '@blockstream/ecs-js-sdk/keys'

const MODULES = process.env.COUNTERSIGN_MODULES
const cose = await import(`${MODULES}/cose.js`)
const device = await import(`${MODULES}/device.js`)
const encoding = await import(`${MODULES}/encoding.js`)
const serverKeys = await import(`${MODULES}/server_keys.js`)
const p256 = await import(`${MODULES}/p256.js`)

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' }
const DEVICE = 'e49ef9a6-e345-4dd1-8eeb-c2d0cc327ad8'
const AUDIENCE = `ecs:${'ab'.repeat(32)}`
const SAID = { action: 'approve', resource: '/proposals/1', details: { reason: 'geprüft ☃' } }
const NOW = 1790000000
const RANDOM = new Uint8Array(16).fill(7)

async function pair() {
  return crypto.subtle.generateKey(CURVE, false, ['sign', 'verify'])
}

async function point(publicKey) {
  return p256.compressed(new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)))
}

const made = (key) =>
  cose.statement({ ...SAID, device: DEVICE, audience: AUDIENCE, key, now: NOW, random: RANDOM })

test('a statement is what the client of this folder makes of the same words', async () => {
  const { privateKey, publicKey } = await pair()
  const bytes = Buffer.from(await made(privateKey))
  const theirs = envelope.signSign1({
    type: envelope.REQUEST_TYPE,
    kid: Buffer.from(DEVICE.replaceAll('-', ''), 'hex'),
    claims: new Map([
      [3, AUDIENCE],
      [4, NOW + 60],
      [6, NOW],
      [7, Buffer.from(RANDOM)],
    ]),
    payload: Buffer.from(JSON.stringify(SAID)),
    privateKey: crypto.randomBytes(32),
  })
  // All but the 64 bytes of the signature.
  assert.deepEqual(bytes.subarray(0, -64), theirs.subarray(0, -64))
  const read = evidence.verifyEvidence(bytes, keys.readSignatureKey(await point(publicKey)).compressed)
  assert.equal(read.device, DEVICE)
  assert.deepEqual(read.payload, SAID)
})

test('a statement of another key does not verify', async () => {
  const [one, other] = [await pair(), await pair()]
  const bytes = Buffer.from(await made(one.privateKey))
  const expected = keys.readSignatureKey(await point(other.publicKey)).compressed
  assert.throws(() => evidence.verifyEvidence(bytes, expected))
})

test('each number and length has its shortest head', () => {
  const cases = [
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [255, '18ff'],
    [256, '190100'],
    [65536, '1a00010000'],
    [4294967296, '1b0000000100000000'],
    [Number.MAX_SAFE_INTEGER, '1b001fffffffffffff'],
    [-1, '20'],
    [-7, '26'],
    [-300, '39012b'],
    ['ü', '62c3bc'],
    [new Map([['req', 1], [3, 2], [-1, 3]]), 'a303022003637265 7101'.replace(' ', '')],
  ]
  for (const [value, expected] of cases) assert.equal(encoding.hex(cose.encode(value)), expected)
  for (const value of [1.5, NaN, null, undefined, 2 ** 53, {}, true]) {
    assert.throws(() => cose.encode(value), TypeError)
  }
})

test('the hash of a proposal is that of the vectors', async () => {
  const vectors = JSON.parse(readFileSync(new URL('../vectors/enterprise.json', import.meta.url)))
  const vector = vectors.proposal
  const request = encoding.fromHex(vector.request_sign1)
  const hash = await cose.proposalHash({
    scope: vector.tenant,
    proposal: vector.proposal_id,
    request,
    policy: vector.policy_id,
    policyVersion: vector.policy_version,
    reviewExpression: vector.review,
    expiresAt: vector.expires_at,
  })
  assert.equal(encoding.hex(hash), vector.proposal_hash)
  assert.equal(cose.payloadOf(request).action, 'add')
  for (const bytes of [request.subarray(1), request.subarray(0, 90), new Uint8Array()]) {
    assert.throws(() => cose.payloadOf(bytes))
  }
})

test('a one-time key is imported from its number and signs', async () => {
  for (const secret of [crypto.randomBytes(32), Buffer.from('1'.padStart(64, '0'), 'hex')]) {
    const key = await p256.importOneTimeKey(new Uint8Array(secret))
    assert.equal(key.extractable, false)
    const text = encoding.utf8('a text')
    const signature = Buffer.from(await device.signed(key, text), 'base64')
    keys.verify(Buffer.from(text), signature, keys.signaturePublicKey(secret))
  }
})

test('keys can not be exported and open a challenge', async () => {
  const own = await device.makeKeys()
  await assert.rejects(crypto.subtle.exportKey('pkcs8', own.signature.privateKey))
  await assert.rejects(crypto.subtle.exportKey('jwk', own.encryption.privateKey))
  const shown = await device.publicKeys(own)
  const challenge = crypto.publicEncrypt(
    { key: shown.encryptionKey, oaepHash: 'sha256' },
    Buffer.from('a challenge'),
  )
  const answer = await device.opened(own, challenge.toString('base64'))
  assert.equal(Buffer.from(answer, 'base64').toString(), 'a challenge')
  assert.match(await device.checkCode(shown.signatureKey), /^\d{8}$/)
})

test('a public key is imported from its compressed point, and no other bytes are', async () => {
  for (let round = 0; round < 20; round += 1) {
    const { publicKey } = await pair()
    const imported = await p256.importPublicKey(encoding.hex(await point(publicKey)))
    const raw = (key) => crypto.subtle.exportKey('raw', key)
    assert.deepEqual(Buffer.from(await raw(imported)), Buffer.from(await raw(publicKey)))
  }
  for (const wrong of ['', '02', '04'.repeat(33), `02${'f'.repeat(64)}`, `02${'0'.repeat(63)}1`]) {
    await assert.rejects(p256.importPublicKey(wrong), wrong)
  }
})

test('the key in a link vouches for what the server says, and no other does', async () => {
  const { offer, link_key: key } = JSON.parse(process.env.COUNTERSIGN_OFFER)
  await serverKeys.requireKnown(offer, key)
  const other = encoding.hex(await point((await pair()).publicKey))
  await assert.rejects(serverKeys.requireKnown(offer, other))
  for (const name of ['scope', 'server_encryption_key', 'server_signature_key']) {
    await assert.rejects(serverKeys.requireKnown({ ...offer, [name]: 'another' }, key), name)
  }
  await assert.rejects(serverKeys.requireKnown({ ...offer, key_statements: [] }, key))
  const [, ...others] = offer.key_statements
  await assert.rejects(serverKeys.requireKnown({ ...offer, key_statements: others }, key))
  const bytes = Buffer.from(offer.key_statements[0], 'base64')
  for (let place = 0; place < bytes.length; place += 1) {
    const bent = Buffer.from(bytes)
    bent[place] ^= 1
    const told = { ...offer, key_statements: [bent.toString('base64')] }
    await assert.rejects(serverKeys.requireKnown(told, key), `byte ${place}`)
  }
})

test('the link of an invitation is read', () => {
  const held = Buffer.concat([16, 32, 32, 33].map((size, index) => Buffer.alloc(size, index + 1)))
  const read = device.readLink(held.toString('base64url'))
  assert.equal(read.inviteString, `inv_${Buffer.alloc(32, 3).toString('base64url')}`)
  assert.equal(read.serverKey, '04'.repeat(33))
  for (const wrong of ['', 'x', '!!!', held.subarray(1).toString('base64url')]) {
    assert.throws(() => device.readLink(wrong))
  }
})

// For the Python side, which verifies all of this once more.
test('statements are written down', async () => {
  const own = await device.makeKeys()
  const shown = await device.publicKeys(own)
  writeFileSync(
    process.env.COUNTERSIGN_STATEMENTS,
    JSON.stringify({
      sign1: encoding.hex(await made(own.signature.privateKey)),
      check_code: await device.checkCode(shown.signatureKey),
      ...shown,
    }),
  )
})
