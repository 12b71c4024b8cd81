// Wallets as their makers publish them: they verify what Python signed, and sign for Python.
//
// COUNTERSIGN_WALLETS names what Python signed, COUNTERSIGN_WALLETS_SIGNED where to write.

import assert from 'node:assert/strict'
import { createHash, createPrivateKey, sign as signBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'

import * as jwt from '@arcblock/jwt'
import * as vc from '@arcblock/vc'
import { ed25519 } from '@noble/curves/ed25519'
import { p256 } from '@noble/curves/p256'
import { secp256k1 } from '@noble/curves/secp256k1'
import { types } from '@ocap/mcrypto'
import { fromPublicKey, fromSecretKey, WalletType } from '@ocap/wallet'
import { encodeBase58, verifyMessage, Wallet } from 'ethers'
import { SiweMessage } from 'siwe'

const given = JSON.parse(readFileSync(process.env.COUNTERSIGN_WALLETS, 'utf8'))
const signed = { tokens: [], hashed: [], messages: [], proofs: [], credentials: [] }
after(() => writeFileSync(process.env.COUNTERSIGN_WALLETS_SIGNED, JSON.stringify(signed)))

const TYPES = {
  ed25519: WalletType({ role: types.RoleType.ROLE_ACCOUNT, pk: types.KeyType.ED25519, hash: types.HashType.SHA3 }),
  secp256k1: WalletType({ role: types.RoleType.ROLE_ACCOUNT, pk: types.KeyType.SECP256K1, hash: types.HashType.SHA3 }),
  ethereum: 'ethereum',
}

function seedOf(kind) {
  return createHash('sha256').update(`wallet of ${kind}`).digest()
}

function walletOf(kind) {
  const seed = seedOf(kind)
  const isEdwards = kind === 'ed25519'
  const secret = isEdwards ? Buffer.concat([seed, ed25519.getPublicKey(seed)]) : seed
  return fromSecretKey(`0x${secret.toString('hex')}`, TYPES[kind])
}

function base58(bytes) {
  const zeros = bytes.findIndex((byte) => byte !== 0)
  return '1'.repeat(zeros) + encodeBase58(bytes)
}

describe('what Python signed', () => {
  for (const { kind, version, did, pk, token } of given.tokens) {
    test(`a token of ${kind}, ${version}`, async () => {
      assert.equal(jwt.decode(token).iss, `did:abt:${did}`)
      assert.equal(await jwt.verify(token, pk), true)
      const [head, , signature] = token.split('.')
      const body = { ...jwt.decode(token), challenge: 'another' }
      const forged = [head, Buffer.from(JSON.stringify(body)).toString('base64url'), signature]
      assert.equal(await jwt.verify(forged.join('.'), pk), false)
    })
  }

  for (const { kind, pk, did, message, signature } of given.hashed) {
    test(`a message by ${kind}`, async () => {
      const wallet = fromPublicKey(pk, TYPES[kind])
      assert.equal(wallet.address, did)
      assert.equal(await wallet.verify(message, signature), true)
      assert.equal(await wallet.verify(`${message}!`, signature), false)
    })
  }

  for (const { text, signature, address, domain, nonce, now } of given.messages) {
    test(`a sign-in message with nonce ${nonce}`, async () => {
      const message = new SiweMessage(text)
      assert.equal(message.prepareMessage(), text)
      const facts = { signature, domain, nonce, time: now }
      const verified = await message.verify(facts, { suppressExceptions: true })
      assert.equal(verified.success, true, JSON.stringify(verified.error))
      assert.equal(verifyMessage(text, signature), address)
    })
  }

  test('a credential and its presentation', async () => {
    const { credential, presentation, holder, issuer, challenge } = given.credentials
    const trustedIssuers = [issuer]
    assert.equal(await vc.verify({ vc: credential, ownerDid: holder, trustedIssuers }), true)
    assert.equal(await vc.verifyPresentation({ presentation, trustedIssuers, challenge }), true)
    await assert.rejects(async () =>
      vc.verifyPresentation({ presentation, trustedIssuers, challenge: 'another' }),
    )
  })

  test('stable JSON', () => {
    for (const { value, text } of given.stable) {
      assert.equal(vc.stableStringify(value), text)
    }
  })
})

describe('what Node signs', () => {
  for (const kind of Object.keys(TYPES)) {
    test(`tokens of ${kind}`, async () => {
      const wallet = walletOf(kind)
      const claims = { challenge: given.challenge, action: 'responseAuth', requestedClaims: [{ type: 'profile' }] }
      const facts = { kind, did: wallet.address, pk: wallet.publicKey }
      signed.tokens.push({
        ...facts,
        version: '1.1.0',
        token: await jwt.signV2(wallet.address, wallet.secretKey, claims),
      })
      signed.tokens.push({
        ...facts,
        version: '1.0.0',
        token: await jwt.sign(wallet.address, wallet.secretKey, claims),
      })
      signed.hashed.push({ ...facts, message: 'hello', signature: await wallet.sign('hello') })
    })
  }

  const wallet = new Wallet(`0x${seedOf('ethereum').toString('hex')}`)
  const said = {
    domain: given.domain,
    address: wallet.address,
    uri: given.uri,
    version: '1',
    chainId: 1,
    nonce: given.nonce,
    issuedAt: given.now,
  }
  const variants = {
    bare: {},
    full: {
      scheme: 'https',
      statement: 'I accept the terms: https://service.example/tos',
      expirationTime: new Date(Date.parse(given.now) + 60_000).toISOString(),
      notBefore: given.now,
      requestId: 'request-1',
      resources: ['ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/', 'https://service.example/claim.json'],
    },
    'without resources': { statement: 'Hello.', resources: [] },
  }
  for (const [name, more] of Object.entries(variants)) {
    test(`a sign-in message: ${name}`, async () => {
      const text = new SiweMessage({ ...said, ...more }).prepareMessage()
      const signature = await wallet.signMessage(text)
      signed.messages.push({ name, text, signature, address: wallet.address })
    })
  }

  // Messages of the other dialects, which Python wrote: signed by other libraries.
  const signers = {
    ed25519: (bytes) => {
      const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seedOf('ed25519')])
      return signBytes(null, bytes, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
    },
    secp256k1: (bytes) =>
      secp256k1.sign(createHash('sha256').update(bytes).digest(), seedOf('secp256k1')).toCompactRawBytes(),
    p256: (bytes) =>
      p256.sign(createHash('sha256').update(bytes).digest(), seedOf('p256'), { lowS: false }).toCompactRawBytes(),
  }
  for (const { name, signer, prefix, text } of given.toSign) {
    test(`a sign-in message of ${name}`, () => {
      const signature = prefix + base58(signers[signer](Buffer.from(text)))
      signed.proofs.push({ name, text, signature })
    })
  }

  for (const kind of Object.keys(TYPES)) {
    test(`a credential by ${kind}`, async () => {
      const issuer = walletOf(kind)
      const credential = await vc.create({
        type: ['Role', 'VerifiableCredential'],
        subject: { id: given.credentials.holder, role: { name: 'admin' } },
        issuer: { wallet: issuer, name: 'Issuer' },
      })
      signed.credentials.push({ kind, issuer: issuer.address, credential })
    })
  }
})
