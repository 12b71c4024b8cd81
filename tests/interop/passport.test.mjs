// The published client of the face `passport` against a live server: what a developer's server does.

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { KeySigner } from '@0xpass/key-signer'
import { Passport } from '@0xpass/passport'

const facts = JSON.parse(readFileSync(process.env.COUNTERSIGN_PASSPORT, 'utf8'))
const ours = new KeySigner(facts.developer_key, true)

/** A client as `connect passport` says, with what it prints. */
function clientOf(signer, changed = {}) {
  return new Passport({
    scopeId: facts.scope_id,
    signer,
    network: facts.url,
    enclavePublicKey: facts.rsa_public_key,
    ...changed,
  })
}

async function registered(client, username) {
  await client.setupEncryption()
  return client.delegatedRegisterAccount({ username })
}

const stranger = () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return new KeySigner(privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'), true)
}

test('a developer registers a user, once', async () => {
  const answer = await registered(clientOf(ours), 'Zoë')
  assert.match(answer.result.account_id, /^[0-9a-f-]{36}$/)
  assert.match(answer.result.identifier_hash, /^0x[0-9a-f]{64}$/)
  const again = await registered(clientOf(ours), 'Zoë')
  assert.match(again.error.message, /Duplicate registration/)
})

test('the root of the server is an address too', async () => {
  const answer = await registered(clientOf(ours, { network: facts.origin }), 'root')
  assert.ok(answer.result.account_id, JSON.stringify(answer))
})

test('the key may come as PEM', async () => {
  const lines = facts.rsa_public_key.match(/.{1,64}/g).join('\n')
  const pem = `-----BEGIN PUBLIC KEY-----\n${lines}\n-----END PUBLIC KEY-----`
  const answer = await registered(clientOf(ours, { enclavePublicKey: pem }), 'pem')
  assert.ok(answer.result.account_id, JSON.stringify(answer))
})

test('a key that nobody registered is refused', async () => {
  const answer = await registered(clientOf(stranger()), 'mallory')
  assert.deepEqual(answer.error, { code: 4100, message: 'Unauthorized', data: 'unauthenticated' })
})

test('another RSA key than the scope’s opens nothing', async () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const enclavePublicKey = publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
  const answer = await registered(clientOf(ours, { enclavePublicKey }), 'alice')
  assert.equal(answer.error.data, 'decryption.failed')
})

test('an unknown scope is told in a reply that the client can read', async () => {
  const scopeId = '0190a1b2-0000-7000-8000-000000000000'
  const answer = await registered(clientOf(ours, { scopeId, network: facts.origin }), 'alice')
  assert.equal(answer.error.data, 'scope.unknown')
})

test('an old server’s key opens while it retires', async () => {
  const old = clientOf(ours, { enclavePublicKey: facts.older_rsa_public_key })
  const answer = await registered(old, 'of an old page')
  assert.ok(answer.result.account_id, JSON.stringify(answer))
})
