// The published packages of the face `passport` against a live server: people with passkeys, users
// of a developer, the wallet client of viem, and clients of version 1.0.0. What is signed is
// recovered to the account's address by viem and ethers.

import assert from 'node:assert/strict'
import { sign as signWith, createPrivateKey, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'

import { KeySigner } from '@0xpass/key-signer'
import { Passport } from '@0xpass/passport'
import { createPassportClient } from '@0xpass/passport-viem'
import { WebauthnSigner } from '@0xpass/webauthn-signer'
import { Transaction } from 'ethers'
import { Passport as OldPassport } from 'passport-legacy'
import {
  getAddress,
  http,
  parseEther,
  recoverMessageAddress,
  recoverTypedDataAddress,
  stringToHex,
} from 'viem'
import { sepolia } from 'viem/chains'

import { Authenticator } from './authenticator.mjs'

const facts = JSON.parse(readFileSync(process.env.COUNTERSIGN_PASSPORT, 'utf8'))
new Authenticator(facts.page_origin).install()
const passkeys = new WebauthnSigner({ rpId: 'localhost', rpName: 'Ours' })
const developer = new KeySigner(facts.developer_key, true)

const MESSAGE = 'Grüße ☃'
const TYPED = {
  domain: { name: 'Mail', version: '1', chainId: 11155111 },
  types: {
    EIP712Domain: [
      { name: 'name', type: 'string' },
      { name: 'version', type: 'string' },
      { name: 'chainId', type: 'uint256' },
    ],
    Mail: [
      { name: 'to', type: 'address' },
      { name: 'text', type: 'string' },
      { name: 'tags', type: 'bytes32[]' },
    ],
  },
  primaryType: 'Mail',
  message: { to: `0x${'11'.repeat(20)}`, text: 'Hello', tags: [`0x${'22'.repeat(32)}`] },
}
const PAID = {
  to: `0x${'33'.repeat(20)}`,
  nonce: '0',
  gas: '0x5208',
  value: '0xde0b6b3a7640000',
  chainId: '0xaa36a7',
}
const MODERN = { ...PAID, type: '0x2', maxFeePerGas: '0x3b9aca00', maxPriorityFeePerGas: '0x1' }
const LEGACY = { ...PAID, type: '0x0', gasPrice: '1000000000' }

function clientOf(signer) {
  return new Passport({
    scopeId: facts.scope_id,
    signer,
    network: facts.url,
    enclavePublicKey: facts.rsa_public_key,
  })
}

const person = (username) => ({ username, userDisplayName: username })

/** Somebody who joined and signed in: the client, what it sends, and the address. */
async function entered(username, signer = passkeys) {
  const client = clientOf(signer)
  await client.setupEncryption()
  const made = await client.register(person(username))
  assert.match(made.result.account_id, /^[0-9a-f-]{36}$/)
  const [headers, address] = await client.authenticate(person(username))
  return { client, headers, address: getAddress(address) }
}

async function messageSigner(signature) {
  return recoverMessageAddress({ message: MESSAGE, signature })
}

const typedSigner = (signature) => recoverTypedDataAddress({ ...TYPED, signature })

/** A node of the network that answers what a wallet client asks, and keeps what it is sent. */
const network = { sent: [] }
const ANSWERS = {
  eth_chainId: () => '0xaa36a7',
  eth_getTransactionCount: () => '0x7',
  eth_estimateGas: () => '0x5208',
  eth_gasPrice: () => '0x3b9aca00',
  eth_maxPriorityFeePerGas: () => '0x1',
  eth_getBlockByNumber: () => ({ baseFeePerGas: '0x3b9aca00', number: '0x1', transactions: [] }),
  eth_sendRawTransaction: ([raw]) => {
    network.sent.push(raw)
    return `0x${'44'.repeat(32)}`
  },
}

before(async () => {
  network.server = createServer((request, response) => {
    let text = ''
    request.on('data', (part) => (text += part))
    request.on('end', () => {
      const { id, method, params } = JSON.parse(text)
      const answer = ANSWERS[method]
      const body = answer
        ? { jsonrpc: '2.0', id, result: answer(params) }
        : { jsonrpc: '2.0', id, error: { code: -32601, message: method } }
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify(body))
    })
  })
  await new Promise((done) => network.server.listen(0, '127.0.0.1', done))
  network.url = `http://127.0.0.1:${network.server.address().port}`
})

after(() => network.server.close())

test('somebody joins and signs in with a passkey', async () => {
  const { client, address } = await entered('zoë@example.test')
  const told = await client.getAddresses()
  assert.deepEqual(told.result.map(getAddress), [address])
})

test('the program that connect prints runs as it stands', async () => {
  const { passportFor } = await import(facts.snippet)
  const client = passportFor(passkeys)
  await client.setupEncryption()
  await client.register(person('snippet'))
  const [, address] = await client.authenticate(person('snippet'))
  const message = await client.signMessage(stringToHex(MESSAGE))
  assert.equal(await messageSigner(message.result), getAddress(address))
})

test('a taken name and an unknown one are told as clients expect', async () => {
  const { client } = await entered('twice')
  await assert.rejects(client.register(person('twice')), /Duplicate registration/)
  const nobody = client.authenticate(person('nobody'))
  await assert.rejects(nobody, /Account credential lookup yielded no results/)
})

test('a new seed ends older sessions', async () => {
  const { client, address } = await entered('seed')
  const later = clientOf(passkeys)
  await later.setupEncryption()
  await later.authenticate(person('seed'), true)
  assert.deepEqual((await client.getAddresses()).error.code, 4100)
  assert.deepEqual((await later.getAddresses()).result.map(getAddress), [address])
})

test('a passkey’s session signs messages, typed data and transactions', async () => {
  const { client, address } = await entered('signer')
  const message = await client.signMessage(stringToHex(MESSAGE))
  assert.equal(await messageSigner(message.result), address)
  const typed = await client.signTypedData(TYPED)
  assert.equal(await typedSigner(typed.result), address)
  for (const transaction of [MODERN, LEGACY]) {
    const raw = (await client.signTransaction(transaction)).result
    const read = Transaction.from(raw)
    assert.equal(read.from, address)
    assert.equal(read.value, parseEther('1'))
    assert.equal(read.type, Number(transaction.type))
  }
})

test('a developer’s word signs for its users', async () => {
  const client = clientOf(developer)
  await client.setupEncryption()
  assert.ok((await client.delegatedRegisterAccount({ username: 'dora' })).result.account_id)
  client.setUserData({ username: 'dora' })
  const address = getAddress((await client.getAddresses()).result[0])
  const message = await client.signMessage(stringToHex(MESSAGE))
  assert.equal(await messageSigner(message.result), address)
  const raw = (await client.signTransaction(MODERN)).result
  assert.equal(Transaction.from(raw).from, address)
  client.setUserData({ username: 'nobody' })
  assert.match((await client.getAddresses()).error.message, /yielded no results/)
})

async function walletOf(headers) {
  return createPassportClient(headers, http(network.url), sepolia, facts.url)
}

/** Everything that a wallet client does, and that all of it is the account's. */
async function useWallet(headers, address) {
  const wallet = await walletOf(headers)
  assert.equal(getAddress(wallet.account.address), address)
  assert.deepEqual((await wallet.getAddresses()).map(getAddress), [address])
  assert.equal(await messageSigner(await wallet.signMessage({ message: MESSAGE })), address)
  assert.equal(await typedSigner(await wallet.signTypedData(TYPED)), address)
  await wallet.switchChain({ id: sepolia.id })
  await wallet.addChain({ chain: sepolia })

  network.sent.length = 0
  await wallet.sendTransaction({ to: PAID.to, value: parseEther('1') })
  await wallet.writeContract({
    address: PAID.to,
    abi: [
      {
        type: 'function',
        name: 'mint',
        stateMutability: 'nonpayable',
        inputs: [{ name: 'count', type: 'uint32' }],
        outputs: [],
      },
    ],
    functionName: 'mint',
    args: [69420],
  })
  const [payment, call] = network.sent.map((raw) => Transaction.from(raw))
  assert.deepEqual([payment.from, call.from], [address, address])
  assert.deepEqual([payment.nonce, payment.value], [7, parseEther('1')])
  assert.deepEqual([call.to, call.data.slice(0, 10)], [getAddress(PAID.to), '0xa71bbebe'])
}

test('viem’s wallet client works with a passkey’s session', async () => {
  const { headers, address } = await entered('viem')
  await useWallet(headers, address)
})

test('viem’s wallet client works with a developer’s word', async () => {
  const client = clientOf(developer)
  await client.setupEncryption()
  await client.delegatedRegisterAccount({ username: 'viem of ours' })
  client.setUserData({ username: 'viem of ours' })
  const address = getAddress((await client.getAddresses()).result[0])
  await useWallet(await client.getDelegatedAuthenticatedHeaders(), address)
})

test('a client of version 1.0.0 joins, signs in and signs', async () => {
  const client = new OldPassport({
    scope_id: facts.scope_id,
    signer: passkeys,
    endpoint: facts.origin,
    enclave_public_key: facts.rsa_public_key,
  })
  await client.setupEncryption()
  assert.ok((await client.register(person('old'))).result.account_id)
  const [headers, address] = await client.authenticate(person('old'))
  assert.deepEqual(Object.keys(headers).sort(), ['x-encrypted-key', 'x-session'])
  const message = await client.signMessage(stringToHex(MESSAGE))
  assert.equal(await messageSigner(message.result), getAddress(address))
  const typed = await client.signTypedData(TYPED)
  assert.equal(await typedSigner(typed.result), getAddress(address))
  const raw = (await client.signTransaction(LEGACY)).result
  assert.equal(Transaction.from(raw).from, getAddress(address))
})

/** A configuration that the owner signed, as `passport-scope` does. */
function signed(config) {
  const der = Buffer.from(facts.developer_key, 'base64')
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const text = Buffer.from(JSON.stringify(config)).toString('base64')
  return {
    config: text,
    signature: signWith('sha256', Buffer.from(text), key).toString('base64'),
    public_key: createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64'),
  }
}

test('an owner’s key makes a scope and changes it', async () => {
  const client = new Passport({
    signer: developer,
    network: facts.origin,
    enclavePublicKey: facts.rsa_public_key,
  })
  await client.setupEncryption()
  const rp = { id: 'localhost', origin: facts.page_origin, name: 'Made here' }
  const made = await client.createScope(signed({ rp }))
  const scope_id = made.result.scope_id
  assert.match(scope_id, /^[0-9a-f-]{36}$/)
  const changed = signed({ rp: { ...rp, name: 'Renamed' } })
  const told = await client.updateScope({ ...changed, scope_id })
  assert.deepEqual(told.result, { scope_id })
})
