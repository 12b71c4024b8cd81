// Plays the onboarding page's own flow against a live server, from the keys to a revoked device.

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { test } from 'node:test'

import * as keys from '@blockstream/ecs-js-sdk/keys'
import { p256 } from '@noble/curves/nist'
import { v4 as uuidv4 } from 'uuid'

import { executeBroadcast, post } from './broadcaster.mjs'
import * as live from './live-server.mjs'
import * as page from './onboarding-page.mjs'
import { refuses } from './refusals.mjs'

const AUTHORIZE = '/account-management/authorize'
const PASSWORD = 'correct horse ☃'

const bundle = live.loadBundle()
const owner = live.clientOf(bundle.owner)

// What the tests below hand on to one another: they are the steps of one story.
const first = { step: live.prepare(bundle.invitation) }
const second = {}
const reviewed = {}

test('steps 1 to 5: a device is registered with the invitation', async () => {
  first.answer = await first.step.authorize(PASSWORD)
  const details = live.requireSuccess(first.answer)
  assert.equal(details.user_id, details.device.user_id)
  assert.match(details.device.device_name, /^[0-9a-f-]{36}-device$/)
  assert.ok(Number.isInteger(details.device.created_at))
  assert.ok(Math.abs(details.device.created_at - Date.now() / 1000) < 300)
  assert.notEqual(details.device.device_uuid, bundle.invitation.deviceUuid)
  first.session = first.step.session(first.answer)
  first.client = live.clientOf(first.session)
})

test('the answer names the server keys of the invitation', () => {
  const { server_ecdsa_pubkey: point, server_rsa_pubkey: pem } = first.answer.details
  assert.equal(point, bundle.invitation.server_ecdsa_pub_key)
  const answered = keys.readEncryptionKey(Buffer.from(pem, 'base64').toString('utf8'))
  assert.deepEqual(answered.kid, keys.readEncryptionKey(first.session.serverPublicKeys.rsa).kid)
})

test('the session client is the invited user', async () => {
  const me = live.requireSuccess(await live.ask(first.client, 'get', '/me'))
  assert.equal(me.uid, first.session.userId)
  assert.equal(me.device_uuid, first.session.deviceUuid)
})

test('the session client lists its own devices', async () => {
  const [device, ...others] = await devicesOf(first)
  assert.deepEqual(others, [])
  assert.equal(device.id, first.session.deviceUuid)
  assert.equal(device.user_id, first.session.userId)
  assert.equal(device.ecdsa_pubkey, first.step.keys.sessionPublicKeyHex)
  assert.equal(device.label, first.answer.details.device.device_name)
  assert.equal(device.is_active, true)
})

async function devicesOf({ client, session }) {
  const resource = `/users/${session.userId}/devices`
  const details = live.requireSuccess(await live.ask(client, 'get', resource))
  return details.devices
}

test('every sealed reply is HTTP 200 that nobody may keep', async () => {
  const body = first.client.request({ action: 'get', resource: '/no-such-thing', details: {} })
  const answer = await post(body)
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('content-type'), 'application/octet-stream')
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  live.requireRefusal(first.client.parse(answer.bytes), '-8', 'failed')
})

test('authorize again with the same keys gives the same answer', async () => {
  assert.deepEqual(await first.step.authorize(PASSWORD), first.answer)
})

test('the same keys written in another way are the same keys', async () => {
  const point = p256.Point.fromHex(first.step.keys.sessionPublicKeyHex).toHex(false)
  const payload = repeatWith(point)
  assert.deepEqual(await executeBroadcast(payload, first.step.client), first.answer)
})

test('the path of the page takes the same bytes', async () => {
  const payload = repeatWith(first.step.keys.sessionPublicKeyHex)
  const answer = await executeBroadcast(payload, first.step.client, { path: AUTHORIZE })
  assert.deepEqual(answer, first.answer)
})

// The page's PEM has the line ends of MIME and its point is compressed: both may be written
// otherwise.
function repeatWith(point) {
  const { publicKey } = keys.readDecryptionKey(first.session.sessionPrivateKeys.rsa)
  const details = {
    invite_string: bundle.invitation.invite_string,
    device_name: 'the same device',
    device_signature_pubkey: point,
    device_encryption_pubkey: publicKey.export({ type: 'spki', format: 'pem' }),
    password: PASSWORD,
  }
  return { action: 'add', resource: AUTHORIZE, details }
}

test('authorize with other keys is refused after the first use', async () => {
  const thief = live.prepare(bundle.invitation)
  live.requireRefusal(await thief.authorize(PASSWORD), '-11', 'unauthorized')
  assert.equal((await devicesOf(first)).length, 1)
})

test('the one-time key opens nothing but authorize', async () => {
  const answer = await live.ask(first.step.client, 'get', '/me')
  assert.ok(['failed', 'unauthorized'].includes(answer.status), JSON.stringify(answer))
  assert.equal(answer.details, undefined)
})

test('a second device needs a new invitation and the password', async () => {
  const resource = `/users/${first.session.userId}/devices/invite`
  const invitation = live.requireSuccess(await live.ask(owner, 'add', resource))
  second.step = live.prepare(live.requireInvitation(invitation))
  live.requireRefusal(await second.step.authorize(''), '-12', 'unauthorized')
  live.requireRefusal(await second.step.authorize('wrong horse'), '-12', 'unauthorized')
  const answer = await second.step.authorize(PASSWORD)
  const details = live.requireSuccess(answer)
  assert.equal(details.user_id, first.session.userId)
  assert.notEqual(details.device.device_uuid, first.session.deviceUuid)
  second.session = second.step.session(answer)
  second.client = live.clientOf(second.session)
  const ids = (await devicesOf(second)).map(({ id }) => id)
  assert.deepEqual(ids.sort(), [first.session.deviceUuid, second.session.deviceUuid].sort())
})

test('bytes that are not COSE get a signed -1', async () => {
  const bodies = ['{"status":"success"}', '<html></html>', '', crypto.randomBytes(300)]
  for (const text of bodies) {
    const body = Buffer.from(text)
    const answer = await post(body)
    assert.equal(answer.status, 400)
    live.requireRefusal(live.openError(answer, body, bundle.owner), '-1', 'failed')
  }
})

test('the same bytes a second time get a signed -6', async () => {
  const body = first.client.request({ action: 'get', resource: '/me', details: {} })
  const answer = await post(body)
  live.requireSuccess(first.client.parse(answer.bytes))
  const again = await post(body)
  assert.equal(again.status, 401)
  live.requireRefusal(live.openError(again, body, first.session), '-6', 'unauthorized')
  // The request is answered already, so the client itself believes neither answer now.
  for (const { bytes } of [answer, again]) {
    refuses('-6', () => first.client.parse(bytes))
  }
})

test('a client with a wrong clock is told so and corrects itself once', async () => {
  for (const error of [-7200, 7200]) {
    let requests = 0
    const now = () => Date.now() / 1000 + error
    const random = (size, purpose) => {
      if (purpose === 'cti') requests += 1
      return crypto.randomBytes(size)
    }
    const client = live.clientOf(first.session, { now, random })
    live.requireSuccess(await live.ask(client, 'get', '/me'))
    live.requireSuccess(await live.ask(client, 'get', '/me'))
    assert.equal(requests, 3)
  }
})

test('a client that expects another server believes no answer', async () => {
  const stranger = page.generateSessionKeys()
  const { rsa } = first.session.serverPublicKeys
  const deceived = {
    ...first.session,
    serverPublicKeys: { rsa, ecdsa: stranger.sessionPublicKeyHex },
  }
  const client = live.clientOf(deceived)
  const refusal = { name: 'EnvelopeError', code: '-4' }
  await assert.rejects(live.ask(client, 'get', '/me'), refusal)
})

test("a device id under another device's key is refused", async () => {
  const client = live.clientOf({ ...first.session, deviceUuid: bundle.owner.deviceUuid })
  live.requireRefusal(await live.ask(client, 'get', '/me'), '-4', 'unauthorized')
})

test('the owner makes authorize wait for a workspace owner', async () => {
  reviewed.policy = uuidv4()
  const policy = {
    plid: reviewed.policy,
    name: 'New devices are seen by an owner',
    resource: AUTHORIZE,
    action: 'add',
    priority: 10,
    expression: '',
    decision_on_true: 'REVIEW',
    review_expression: '{"all":[{"min":1,"role":"workspace-owner"}],"deny":1}',
  }
  await live.seeThrough(await live.ask(owner, 'add', '/policies', policy), bundle)
  const kept = live.requireSuccess(await live.ask(owner, 'get', `/policies/${reviewed.policy}`))
  assert.equal(kept.plid, reviewed.policy)
  assert.equal(kept.review_expression, policy.review_expression)
})

test('authorize is then pending, and stays the same proposal when repeated', async () => {
  const uid = uuidv4()
  const invited = await live.ask(owner, 'add', '/users/invite', {
    uid,
    email: `member-${uid}@example.test`,
    first_name: 'New',
    last_name: 'Member',
    user_category: 'regular',
  })
  const invitation = live.requireInvitation(live.requireSuccess(invited))
  reviewed.userId = uid
  reviewed.step = live.prepare(invitation)
  const answer = await reviewed.step.authorize('')
  assert.equal(answer.status, 'pending', JSON.stringify(answer))
  assert.throws(() => reviewed.step.session(answer))
  reviewed.proposal = page.pendingProposal(answer)
  assert.match(reviewed.proposal, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  const again = await reviewed.step.authorize('')
  assert.equal(page.pendingProposal(again), reviewed.proposal)
})

test('other keys are refused while authorize is pending', async () => {
  const thief = live.prepare(reviewed.step.invitation)
  live.requireRefusal(await thief.authorize(''), '-11', 'unauthorized')
})

test('the owner recomputes the hash and sees who asked for what', async () => {
  const { invitation, keys: sessionKeys } = reviewed.step
  const oneTimeKey = keys.signaturePublicKey(Buffer.from(invitation.oneTimePrivateKey, 'hex'))
  const examined = await live.examineProposal(owner, reviewed.proposal, oneTimeKey)
  const { payload, device } = examined.evidence
  assert.equal(device, invitation.deviceUuid)
  assert.equal(payload.action, 'add')
  assert.equal(payload.resource, AUTHORIZE)
  assert.equal(payload.details.device_signature_pubkey, sessionKeys.sessionPublicKeyHex)
  assert.equal(examined.proposal.policy_id, reviewed.policy)
  reviewed.hash = examined.hash
})

test('an approval of another hash is refused', async () => {
  const details = { proposal_hash: crypto.randomBytes(32).toString('hex') }
  const answer = await live.ask(owner, 'approve', `/proposals/${reviewed.proposal}`, details)
  live.requireRefusal(answer, '-7', 'failed')
})

test('somebody without the right may not approve', async () => {
  const details = { proposal_hash: reviewed.hash }
  const answer = await live.ask(first.client, 'approve', `/proposals/${reviewed.proposal}`, details)
  live.requireRefusal(answer, '-9', 'unauthorized')
})

test('once approved, the same authorize gives the session', async () => {
  const details = { proposal_hash: reviewed.hash }
  live.requireSuccess(await live.ask(owner, 'approve', `/proposals/${reviewed.proposal}`, details))
  const answer = await reviewed.step.authorize('')
  assert.equal(live.requireSuccess(answer).user_id, reviewed.userId)
  reviewed.session = reviewed.step.session(answer)
  const client = live.clientOf(reviewed.session)
  const me = live.requireSuccess(await live.ask(client, 'get', '/me'))
  assert.equal(me.uid, reviewed.userId)
})

test('a revoked device is refused at once, and only that one', async () => {
  const resource = `/users/${second.session.userId}/devices/${second.session.deviceUuid}`
  live.requireSuccess(await live.ask(second.client, 'get', '/me'))
  live.requireSuccess(await live.ask(first.client, 'delete', resource))
  live.requireRefusal(await live.ask(second.client, 'get', '/me'), '-4', 'unauthorized')
  live.requireSuccess(await live.ask(first.client, 'get', '/me'))
})
