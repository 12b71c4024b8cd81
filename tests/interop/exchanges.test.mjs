// Wallets' own packages in an exchange with a page (DID Connect), against a live server.
//
// COUNTERSIGN_BLOCKLET names a JSON file as for blocklet.test.mjs.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import * as jwt from '@arcblock/jwt'
import { verify as verifyVC } from '@arcblock/vc'
import { types } from '@ocap/mcrypto'
import { fromRandom, WalletType } from '@ocap/wallet'

const app = JSON.parse(readFileSync(process.env.COUNTERSIGN_BLOCKLET, 'utf8'))
const KINDS = {
  ed25519: WalletType({ role: types.RoleType.ROLE_ACCOUNT, pk: types.KeyType.ED25519, hash: types.HashType.SHA3 }),
  secp256k1: WalletType({ role: types.RoleType.ROLE_ACCOUNT, pk: types.KeyType.SECP256K1, hash: types.HashType.SHA3 }),
  ethereum: 'ethereum',
}
const agent = { 'user-agent': 'ArcWallet/4.1.0 Android' }

/** A page that begins an exchange: the address that it shows, and how it polls. */
async function openPage(action = 'login', more = '') {
  const begun = await fetch(`${app.url}/api/did/${action}/token?visitorId=page-1${more}`)
  assert.equal(begun.status, 200)
  const cookie = begun.headers.get('set-cookie').split(';')[0]
  const told = await begun.json()
  const shown = new URL(told.url)
  assert.equal(shown.searchParams.get('action'), 'requestAuth')
  const poll = async (headers = { cookie }) =>
    (await fetch(`${app.url}/api/did/${action}/status?_t_=${told.token}`, { headers })).json()
  return { url: shown.searchParams.get('url'), poll }
}

/** What the server said to a wallet: signed by the application, as the wallet verifies it. */
async function heard(response) {
  assert.equal(response.status, 200)
  const { appPk, authInfo } = await response.json()
  assert.equal(await jwt.verify(authInfo, appPk), true)
  return jwt.decode(authInfo)
}

async function sign(wallet, asked, claims) {
  const body = { action: 'responseAuth', challenge: asked.challenge, requestedClaims: claims }
  const userInfo = await jwt.signV2(wallet.address, wallet.secretKey, body)
  return heard(
    await fetch(asked.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...agent },
      body: JSON.stringify({ userPk: wallet.publicKey, userInfo }),
    }),
  )
}

for (const [name, type] of Object.entries(KINDS)) {
  test(`a wallet of ${name} joins, and signs in again`, async () => {
    const wallet = fromRandom(type)
    for (const round of ['joins', 'returns']) {
      const page = await openPage()
      let said = await heard(await fetch(page.url, { headers: agent }))
      assert.deepEqual(said.requestedClaims.map((each) => each.type), ['authPrincipal'])
      said = await sign(wallet, said, [{ type: 'authPrincipal' }])
      if (round === 'joins') {
        assert.deepEqual(said.requestedClaims.map((each) => each.type), ['profile'])
        said = await sign(wallet, said, [{ type: 'profile', fullName: 'Ada' }])
      }
      assert.equal(said.status, 'ok')
      assert.equal('sessionToken' in (await page.poll({})), false)
      const told = await page.poll()
      assert.equal(told.status, 'succeed')
      assert.equal(told.did, wallet.address)
      const session = await fetch(`${app.url}/api/did/session`, {
        headers: { authorization: `Bearer ${told.sessionToken}`, 'x-blocklet-visitor-id': 'page-1' },
      })
      assert.equal(session.status, 200)
      const { user, walletOS } = await session.json()
      assert.equal(user.did, wallet.address)
      assert.equal(user.fullName, 'Ada')
      assert.equal(walletOS, 'android')
    }
  })
}

for (const [name, type] of Object.entries(KINDS)) {
  test(`a wallet of ${name} accepts an invitation, once, and holds its passport`, async () => {
    const inviteId = app.invitations[name]
    const looked = await fetch(`${app.url}/api/invitation?inviteId=${inviteId}`)
    assert.equal(looked.status, 200)
    const page = await openPage('invite', `&locale=zh&inviteId=${inviteId}`)
    const late = await openPage('invite', `&inviteId=${inviteId}`)
    const accept = async (from, wallet) => {
      let said = await heard(await fetch(from.url, { headers: agent }))
      const prompt = said.requestedClaims[0].description
      said = await sign(wallet, said, [{ type: 'authPrincipal' }])
      assert.deepEqual(said.requestedClaims.map((each) => each.type), ['profile'])
      return [prompt, await sign(wallet, said, [{ type: 'profile', fullName: 'Carol' }])]
    }
    const wallet = fromRandom(type)
    const [prompt, said] = await accept(page, wallet)
    assert.match(prompt, /接受邀请/)
    assert.equal(said.status, 'ok')
    const { vc } = said.response
    assert.equal(vc.credentialSubject.id, wallet.address)
    const trusted = [vc.issuer.id]
    assert.equal(await verifyVC({ vc, ownerDid: wallet.address, trustedIssuers: trusted }), true)
    const { sessionToken } = await page.poll()
    const session = await fetch(`${app.url}/api/did/session`, {
      headers: { authorization: `Bearer ${sessionToken}`, 'x-blocklet-visitor-id': 'page-1' },
    })
    const { user } = await session.json()
    assert.equal(user.did, wallet.address)
    assert.equal(user.role, 'support')
    assert.equal(user.passports[0].id, vc.id)
    const [, refused] = await accept(late, fromRandom(type))
    assert.equal(refused.status, 'error')
    const gone = await fetch(`${app.url}/api/did/invite/token?inviteId=${inviteId}`)
    assert.equal(gone.status, 404)
  })
}
