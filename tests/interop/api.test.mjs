// The snippet of docs/api.md against a live server, with node:crypto and nothing else.
//
// COUNTERSIGN_API names a JSON file: `snippet` (the module as the page shows it), `url`, `device`,
// `pem` and `serverKey`.

import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import test from 'node:test'

if (!process.env.COUNTERSIGN_API) {
  throw new Error('This test needs a live server: let tests/interop/test_node.py run it.')
}
const given = JSON.parse(readFileSync(process.env.COUNTERSIGN_API, 'utf8'))
const { call, serverKey } = await import(pathToFileURL(given.snippet))
const server = serverKey(given.serverKey)
const me = { url: given.url, device: given.device, key: createPrivateKey(given.pem), server }

test('reads as the device, and knows the answer for the server’s', async () => {
  const answer = await call(me, 'GET', `/devices/${given.device}`)
  assert.equal(answer.status, 200)
  assert.equal(answer.content.id, given.device)
})

test('makes, changes and removes a group', async () => {
  const made = await call(me, 'POST', '/groups', { name: 'treasury' })
  assert.equal(made.status, 201)
  assert.equal(made.etag, '"1"')
  const gone = await call(me, 'DELETE', `/groups/${made.content.id}`)
  assert.deepEqual(gone.content, { id: made.content.id })
})

test('reads a refusal as a problem that the server signed', async () => {
  const { status, content } = await call(me, 'GET', '/groups/0198f0c2-7d3e-7c4a-9b1e-2f6a3c0a7d11')
  assert.equal(status, 404)
  assert.equal(content.type, '/problems/missing')
})

test('is refused with another key, by the server itself', async () => {
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { status, content } = await call({ ...me, key }, 'GET', `/devices/${given.device}`)
  assert.equal(status, 401)
  assert.equal(content.type, '/problems/unauthenticated')
})

test('does not believe another server', async () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const stranger = { ...me, server: publicKey }
  await assert.rejects(call(stranger, 'GET', `/devices/${given.device}`), /not the server/)
})
