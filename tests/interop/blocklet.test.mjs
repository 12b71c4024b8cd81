// The published client in a browser's clothes, and wallets' own packages, against a live server.
//
// COUNTERSIGN_BLOCKLET names a JSON file: `origin` of the server, `issuer` of its tokens, and what
// `connect blocklet --mint-app-key` printed.

import assert from 'node:assert/strict'
import { createPublicKey, verify as verifyBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { register } from 'node:module'
import { describe, test } from 'node:test'

import * as jwt from '@arcblock/jwt'
import { types } from '@ocap/mcrypto'
import { fromPublicKey, fromRandom, fromSecretKey, WalletType } from '@ocap/wallet'
import { Wallet } from 'ethers'
import stableStringify from 'json-stable-stringify'
import { CookieJar, JSDOM, VirtualConsole } from 'jsdom'
import { SiweMessage } from 'siwe'

register('./as-bundlers-do.mjs', import.meta.url)

const app = JSON.parse(readFileSync(process.env.COUNTERSIGN_BLOCKLET, 'utf8'))
const SERVICE = '/.well-known/service'
const KINDS = {
  ed25519: WalletType({ role: types.RoleType.ROLE_ACCOUNT, pk: types.KeyType.ED25519, hash: types.HashType.SHA3 }),
  secp256k1: WalletType({ role: types.RoleType.ROLE_ACCOUNT, pk: types.KeyType.SECP256K1, hash: types.HashType.SHA3 }),
  ethereum: 'ethereum',
}
const APPLICATION = WalletType({
  role: types.RoleType.ROLE_APPLICATION,
  pk: types.KeyType.ED25519,
  hash: types.HashType.SHA3,
})

/** A page of the application; the client of the sdk takes it for the browser it runs in. */
async function openPage() {
  // Its console would print each refused request that a test asks for.
  const dom = new JSDOM('<!doctype html>', {
    url: `${app.origin}/`,
    cookieJar: new CookieJar(),
    virtualConsole: new VirtualConsole(),
  })
  for (const name of ['window', 'document', 'localStorage', 'location', 'XMLHttpRequest']) {
    Object.defineProperty(globalThis, name, { value: dom.window[name] ?? dom.window, configurable: true })
  }
  const { BlockletSDK } = await import('@blocklet/js-sdk')
  const sdk = new BlockletSDK({ verifyFn })
  dom.window.blocklet = await sdk.blocklet.getBlocklet(app.origin, true)
  return { dom, sdk }
}

async function verifyFn(data, signature, appPk, appId) {
  const wallet = fromPublicKey(appPk, APPLICATION)
  assert.equal(wallet.address, appId)
  return wallet.verify(data, signature)
}

function post(path, body, headers = {}) {
  return fetch(`${app.origin}${SERVICE}/api/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

/** What a wallet's own browser does: it signs in and hands the tokens to the page. */
async function signIn(page, wallet, challenge = `${Math.random()}`) {
  const signature = await jwt.signV2(wallet.address, wallet.secretKey, { challenge })
  const answer = await post('user/loginByWallet', {
    userDid: wallet.address,
    userPk: wallet.publicKey,
    signature,
    walletOS: 'web',
    challenge,
    componentId: app.component_id,
  })
  assert.equal(answer.status, 200)
  const told = await answer.json()
  assert.equal(told.challenge, challenge)
  page.sdk.token.setSessionToken(told.sessionToken)
  page.sdk.token.setRefreshToken(told.refreshToken)
  page.dom.window.document.cookie = `vid=${told.visitorId}; path=/`
  return told
}

function claims(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))
}

/** As an application's server does, with nothing but the published keys. */
async function verifyToken(token) {
  const [head, body, signature] = token.split('.')
  const { kid, alg } = JSON.parse(Buffer.from(head, 'base64url'))
  assert.equal(alg, 'ES256')
  const { keys } = await (await fetch(`${app.issuer}/.well-known/jwks.json`)).json()
  const key = createPublicKey({ key: keys.find((each) => each.kid === kid), format: 'jwk' })
  const how = { key, dsaEncoding: 'ieee-p1363' }
  const isGood = verifyBytes('sha256', Buffer.from(`${head}.${body}`), how, Buffer.from(signature, 'base64url'))
  assert.ok(isGood)
  assert.equal(claims(token).iss, app.issuer)
  assert.equal(claims(token).aud, app.app_pid)
}

async function statusOf(promise) {
  return promise.then(
    (answer) => answer?.status ?? 200,
    (error) => error.response?.status ?? assert.fail(error),
  )
}

for (const [kind, type] of Object.entries(KINDS)) {
  describe(`a wallet of ${kind}`, () => {
    test('signs in, renews, edits its profile and leaves', async () => {
      const page = await openPage()
      const { sdk } = page
      const wallet = fromRandom(type)
      const first = await signIn(page, wallet)
      await verifyToken(first.sessionToken)
      assert.equal(claims(first.sessionToken).did, wallet.address)

      // Its answers verify with the key of the application.
      const { data } = await sdk.api.get('/api/did/session', { secure: true })
      assert.equal(data.user.did, wallet.address)
      assert.equal(data.provider, 'wallet')
      assert.equal((await sdk.user.getProfile()).did, wallet.address)

      // 401, renewal, the same request again: unseen by the caller.
      sdk.token.setSessionToken('broken')
      const before = sdk.token.getRefreshToken()
      assert.equal((await sdk.user.getProfile()).did, wallet.address)
      assert.notEqual(sdk.token.getRefreshToken(), before)
      await verifyToken(sdk.token.getSessionToken({}))

      // Several at once need one renewal.
      sdk.token.setSessionToken('broken')
      const all = await Promise.all([sdk.user.getProfile(), sdk.user.getProfile(), sdk.user.getProfile()])
      assert.deepEqual(new Set(all.map((each) => each.did)), new Set([wallet.address]))

      // Now the browser holds the cookie against forged requests, and the sdk repeats it unaided.
      assert.match(page.dom.window.document.cookie, /x-csrf-token=/)
      const saved = await sdk.user.saveProfile({ locale: 'zh', metadata: { bio: 'hello' } })
      assert.equal(saved.locale, 'zh')
      assert.equal(saved.metadata.bio, 'hello')
      assert.deepEqual(await sdk.user.saveUserPrivacyConfig({ bio: true }), { bio: true })
      assert.deepEqual((await sdk.user.getUserPublicInfo({ did: wallet.address })).metadata, { bio: 'hello' })
      const seen = await fetch(`${app.origin}${SERVICE}/api/user?did=${wallet.address}`)
      assert.deepEqual((await seen.json()).metadata, {})
      const forged = await new Promise((resolve) => {
        const request = new page.dom.window.XMLHttpRequest()
        request.open('PUT', `${SERVICE}/api/user/profile`)
        request.setRequestHeader('content-type', 'application/json')
        request.onloadend = () => resolve(request.status)
        request.send('{"locale":"en"}')
      })
      assert.equal(forged, 403)

      await leave(page)
    })
  })
}

/** Sign out by the sdk; afterwards nothing of it opens anything. */
async function leave({ sdk }) {
  const [access, refresh] = [sdk.token.getSessionToken({}), sdk.token.getRefreshToken()]
  const visitorId = document.cookie.match(/vid=([^;]+)/)[1]
  await sdk.user.logout({ visitorId })
  const bearer = (token) => ({ authorization: `Bearer ${token}`, 'x-blocklet-visitor-id': visitorId })
  const profile = await fetch(`${app.origin}${SERVICE}/api/user/profile`, { headers: bearer(access) })
  assert.equal(profile.status, 401)
  assert.deepEqual(await profile.json(), { error: 'not login' })
  const renewal = await post('did/refreshSession', {}, bearer(refresh))
  assert.equal(renewal.status, 400)
  assert.equal(await statusOf(sdk.user.getProfile()), 401)
}

test('two people follow each other, and one goes on without signing in anew', async () => {
  const page = await openPage()
  const [wallet, other] = [fromRandom(KINDS.ed25519), fromRandom(KINDS.ethereum)]
  await signIn(page, other)
  await signIn(page, wallet)
  const { sdk } = page
  await sdk.api.get('/api/did/session')
  assert.equal(await sdk.user.isFollowingUser({ userDid: other.address }), false)
  await sdk.user.followUser({ userDid: other.address })
  assert.equal(await sdk.user.isFollowingUser({ userDid: other.address }), true)
  await sdk.user.unfollowUser({ userDid: other.address })
  assert.equal(await sdk.user.isFollowingUser({ userDid: other.address }), false)
  assert.equal((await sdk.user.getRole('guest')).name, 'guest')
  assert.deepEqual(await sdk.federated.getTrustedDomains(), [])
  await sdk.user.refreshProfile()

  const here = await sdk.userSession.getUserSessions({ did: wallet.address })
  assert.deepEqual(here.map((each) => each.userDid), [wallet.address])
  const mine = await sdk.userSession.getMyLoginSessions()
  assert.equal(mine.paging.total, 1)
  const appPid = app.app_pid
  const told = await sdk.userSession.loginByUserSession({ id: here[0].id, appPid, userDid: wallet.address })
  await verifyToken(told.sessionToken)
  assert.equal(claims(told.sessionToken).did, wallet.address)
  // Its own session opens nobody else's account.
  const stolen = sdk.userSession.loginByUserSession({ id: here[0].id, appPid, userDid: other.address })
  assert.equal(await statusOf(stolen), 401)
  for (const absent of [() => sdk.user.getOrgs({}), () => sdk.user.updateDidSpace({ spaceGateway: {} })]) {
    assert.equal(await statusOf(absent()), 501)
  }
  assert.deepEqual(await sdk.user.destroyMyself(), { did: wallet.address })
  assert.equal(await statusOf(sdk.user.getProfile()), 401)
})

test("the application's server signs its users in, each request once", async () => {
  const wallet = fromSecretKey(app.app_sk, APPLICATION)
  const body = { provider: 'google', id: '4711', fullName: 'Ann', email: 'ann@example.test' }
  const iat = Math.floor(Date.now() / 1000)
  const exp = iat + 300
  const url = `${SERVICE}/api/user/login`
  const signed = stableStringify({ iat, exp, body, query: {}, method: 'post', url })
  const headers = {
    'x-blocklet-component-id': app.component_id,
    'x-blocklet-sig': await wallet.sign(signed),
    'x-blocklet-sig-iat': `${iat}`,
    'x-blocklet-sig-exp': `${exp}`,
    'x-blocklet-sig-version': '1',
  }
  const answer = await post('user/login', body, headers)
  assert.equal(answer.status, 200)
  const told = await answer.json()
  await verifyToken(told.token)
  assert.equal(told.user.fullName, 'Ann')
  const again = await post('user/login', body, headers)
  assert.equal(again.status, 401)
  assert.equal(await again.json(), 'verify sig failed')
})

test('a wallet that siwe speaks for signs in to the API, renews and leaves', async () => {
  const wallet = Wallet.createRandom()
  const ask = (path, body, headers = {}) =>
    fetch(`${app.issuer}/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  const { message } = await (await ask('/sign-in/wallet/challenge', { address: wallet.address })).json()
  // siwe reads the text, writes the same one, and takes the signature as the server does.
  const read = new SiweMessage(message)
  assert.equal(read.prepareMessage(), message)
  assert.equal(read.address, wallet.address)
  assert.equal(read.uri, `${app.issuer}/login`)
  const signature = await wallet.signMessage(message)
  const facts = { signature, domain: new URL(app.origin).host, nonce: read.nonce }
  assert.equal((await read.verify(facts)).success, true)
  const signed = await ask('/sign-in/wallet', { message, signature })
  assert.equal(signed.status, 200)
  const pair = await signed.json()
  assert.equal((await ask('/sign-in/wallet', { message, signature })).status, 401)

  const me = async (token) =>
    (await fetch(`${app.issuer}/v1/me`, { headers: { authorization: `Bearer ${token}` } })).status
  assert.equal(await me(pair.access_token), 200)
  const renewed = await (await ask('/token/refresh', { refresh_token: pair.refresh_token })).json()
  assert.equal(await me(renewed.access_token), 200)
  assert.equal((await ask('/token/revoke', { token: renewed.refresh_token })).status, 200)
  assert.equal(await me(renewed.access_token), 401)
  assert.equal((await ask('/token/refresh', { refresh_token: renewed.refresh_token })).status, 401)

  // What siwe would sign for another place is signed in vain.
  const { message: another } = await (await ask('/sign-in/wallet/challenge', { address: wallet.address })).json()
  const elsewhere = new SiweMessage({ ...new SiweMessage(another), domain: 'mallory.example' }).prepareMessage()
  const stolen = { message: elsewhere, signature: await wallet.signMessage(elsewhere) }
  assert.equal((await ask('/sign-in/wallet', stolen)).status, 401)
})
