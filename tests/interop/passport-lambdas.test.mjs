// Lambdas of the face `passport` by the published package against a live server: made, listed, run
// by anybody and by their owner alone, fed by a price from a host on the scope's list, and telling
// another one of the signature.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'

import { Passport } from '@0xpass/passport'
import { WebauthnSigner } from '@0xpass/webauthn-signer'
import { getAddress, recoverMessageAddress } from 'viem'

import { Authenticator } from './authenticator.mjs'

const facts = JSON.parse(readFileSync(process.env.COUNTERSIGN_PASSPORT, 'utf8'))
new Authenticator(facts.page_origin).install()
const passkeys = new WebauthnSigner({ rpId: 'localhost', rpName: 'Ours' })

const GUESS = {
  type: 'code',
  code: "if ( '<<inputs.0>>' === 'genesis'){ return true; } else { return false; }",
  output_type: 'integer',
  substitution: true,
}

function lambda(changes = {}) {
  return {
    data: {
      authorization: { type: 'none' },
      verifications: { count: 1 },
      triggers: [{ type: 'hook' }],
      envs: [],
      max_executions: 0,
      conditions: [GUESS],
      actions: { type: 'personal_sign', check: '', data: '0x000000', substitution: true },
      postHook: [],
      ...changes,
    },
  }
}

async function clientOf(signer = passkeys) {
  const client = new Passport({
    scopeId: facts.scope_id,
    signer,
    network: facts.url,
    enclavePublicKey: facts.rsa_public_key,
  })
  await client.setupEncryption()
  return client
}

async function entered(username) {
  const client = await clientOf()
  const person = { username, userDisplayName: username }
  await client.register(person)
  const [, address] = await client.authenticate(person)
  return { client, address: getAddress(address) }
}

const signerOf = (signature) => recoverMessageAddress({ message: { raw: '0x000000' }, signature })
const run = (client, id, ...params) => client.executeLambda({ data: { id, params } })

/** A host that knows a price, and hears of signatures. */
const outside = { heard: [] }

before(async () => {
  outside.server = createServer((request, response) => {
    let text = ''
    request.on('data', (part) => (text += part))
    request.on('end', () => {
      outside.heard.push({ method: request.method, url: request.url, text })
      outside.server.emit('heard')
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify({ ethereum: { usd: 3000.5 } }))
    })
  })
  await new Promise((done) => outside.server.listen(0, '127.0.0.1', done))
  outside.url = `http://127.0.0.1:${outside.server.address().port}`
})

after(() => outside.server.close())

test('anybody who meets the condition gets the account’s signature', async () => {
  const { client, address } = await entered('lambda')
  const { result: id } = await client.createLambda(lambda())
  assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  const stranger = await clientOf()
  assert.equal(await signerOf((await run(stranger, id, 'genesis')).result), address)
  assert.equal((await run(stranger, id, 'no')).result, 'Condition not met')
  const [row, ...more] = (await client.listLambda()).result
  assert.deepEqual(more, [])
  assert.deepEqual(row.config, lambda().data)
  assert.deepEqual([row.id, row.status, row.proof], [id, 'ready', null])
  assert.deepEqual([row.total_executions, row.ok_executions], [2, 1])
  assert.match(row.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
})

test('a run of a lambda with one execution is the only one', async () => {
  const { client } = await entered('once')
  const { result: id } = await client.createLambda(lambda({ max_executions: 1 }))
  const runs = await Promise.all(Array.from({ length: 8 }, () => run(client, id, 'genesis')))
  assert.equal(runs.filter((each) => each.result?.startsWith('0x')).length, 1)
  const refused = runs.filter((each) => each.error).map((each) => each.error.data)
  assert.deepEqual([...new Set(refused)], ['lambda.over'])
})

test('a price from a listed host decides, and another host hears of it', async () => {
  const { client, address } = await entered('price')
  const price = {
    type: 'fetch',
    endpoint: `${outside.url}/simple/price?ids=ethereum&vs_currencies=<<envs.0>>`,
    protocol: 'GET',
    headers: { 'content-type': 'application/json' },
    body: {},
    substitution: true,
  }
  // As in the published examples, whose quoted placeholders stand for texts.
  const compare = {
    ...GUESS,
    code: "let ethPriceJson=<<conditions.0>>;if( ethPriceJson['output']['ethereum']['usd'] >= parseFloat('<<inputs.0>>')){ return true; } else { return false; }",
  }
  const hook = {
    ...price,
    endpoint: `${outside.url}/signed`,
    protocol: 'POST',
    body: { signature: '<<signature>>', of: '<<inputs.0>>' },
  }
  const given = lambda({ envs: ['usd'], conditions: [price, compare], postHook: [hook] })
  const { result: id, error } = await client.createLambda(given)
  assert.equal(error, undefined)
  assert.equal((await run(client, id, '4000')).result, 'Condition not met')
  const { result: signature } = await run(client, id, '3000')
  assert.equal(await signerOf(signature), address)
  assert.equal(outside.heard[0].url, '/simple/price?ids=ethereum&vs_currencies=usd')
  while (!outside.heard.some((each) => each.url === '/signed')) await once(outside.server, 'heard')
  const told = outside.heard.filter((each) => each.method === 'POST')
  assert.deepEqual(JSON.parse(told[0].text), { signature, of: '3000' })
})

test('what this server does not do is refused by name', async () => {
  const { client } = await entered('refused')
  const elsewhere = { type: 'fetch', endpoint: 'https://evil.example/', protocol: 'GET' }
  for (const [changes, code] of [
    [{ triggers: [{ type: 'account' }] }, 'lambda.unsupported'],
    [{ verifications: { count: 2 } }, 'lambda.unsupported'],
    [{ conditions: [elsewhere] }, 'address.refused'],
  ]) {
    const { error } = await client.createLambda(lambda(changes))
    assert.equal(error.data, code)
  }
})
