// The sample application server of docs/app_server against a live server: APP_SERVER names a JSON
// file with the `environment` of the sample, and the address of the face (`bridge`).

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import * as crypto from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { secp256k1 } from '@noble/curves/secp256k1'

const { environment, bridge } = JSON.parse(readFileSync(process.env.APP_SERVER, 'utf8'))
const SERVER = fileURLToPath(new URL('../../docs/app_server/server.mjs', import.meta.url))
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const sha256 = (data) => crypto.createHash('sha256').update(data).digest()

/** A key pair as a device makes it. */
class Device {
  #secret = secp256k1.utils.randomPrivateKey()

  get publicKey() {
    const point = Buffer.from(secp256k1.getPublicKey(this.#secret, true))
    const whole = Buffer.concat([point, sha256(sha256(point)).subarray(0, 4)])
    let text = ''
    for (let number = BigInt('0x' + whole.toString('hex')); number > 0n; number /= 58n)
      text = BASE58[Number(number % 58n)] + text
    return text
  }

  sign(message) {
    const made = secp256k1.sign(sha256(Buffer.from(message)), this.#secret, { lowS: false })
    const head = Buffer.from([27 + made.recovery])
    return Buffer.concat([head, Buffer.from(made.toCompactRawBytes())]).toString('hex')
  }
}

/** The sample in a process of its own, at a port that the system chose. */
function started(more) {
  const child = spawn(process.execPath, [SERVER], {
    env: { PATH: process.env.PATH, PORT: '0', ...environment, ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ready = new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`it ended with ${code}`)))
    child.stdout.once('data', (line) => resolve(/http:\S+/.exec(String(line))[0]))
  })
  return { child, ready }
}

for (const [way, more] of [
  ['over /v1, where people prove their keys', {}],
  ['over the face, where the application vouches', { BRIDGE_URL: bridge }],
]) {
  describe(way, () => {
    let running, url
    const name = (who) => `${who}-${more.BRIDGE_URL ? 'vouched' : 'proven'}`
    const people = {}

    before(async () => {
      running = started(more)
      url = await running.ready
    })
    after(() => running.child.kill())

    async function ask(method, path, { token, body, status = 200 } = {}) {
      const headers = token ? { Authorization: `Bearer ${token}` } : {}
      const sent = { method, headers, body: typeof body === 'string' ? body : JSON.stringify(body) }
      const answer = await fetch(url + path, sent)
      const told = await answer.json()
      assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(told)}`)
      return told
    }
    const post = (path, body, more) => ask('POST', path, { body, ...more })

    async function signUp(who, inviteToken) {
      const device = new Device()
      const asked = { publicKey: device.publicKey, username: name(who), inviteToken }
      const { message } = await post('/api/sign-up/challenge', asked)
      const proof = { message, signature: device.sign(message), inviteToken }
      const told = await post('/api/sign-up', proof, { status: 201 })
      assert.equal(told.username, name(who))
      people[who] = { device, ...told }
      return told
    }

    async function signIn(who) {
      const { device } = people[who]
      const { message } = await post('/api/sign-in/challenge', { publicKey: device.publicKey })
      const told = await post('/api/sign-in', { message, signature: device.sign(message) })
      people[who] = { device, ...told }
      return told
    }

    const join = ({ device, token, join: message }, more) =>
      post('/api/join', { message, signature: device.sign(message) }, { token, ...more })

    test('people sign up with a key of their device', async () => {
      for (const who of ['alice', 'bob']) {
        const told = await signUp(who)
        assert.ok(told.token && told.refreshToken && told.cloudData.contextId)
        assert.equal(told.join === null, Boolean(more.BRIDGE_URL))
      }
    })

    test('a sign-up that was cut off is mended by the next sign-in', async () => {
      const told = await signIn('alice')
      if (more.BRIDGE_URL) assert.equal(told.join, null)
      else {
        assert.ok(told.join)
        await join({ ...people.alice, token: people.bob.token }, { status: 403 })
        assert.equal((await join(people.alice)).member, name('alice'))
        assert.equal((await signIn('alice')).join, null)
        await join(people.bob)
      }
    })

    test('members find each other with their keys, proven or vouched for', async () => {
      const { contacts } = await ask('GET', '/api/contacts', { token: people.alice.token })
      const bob = contacts.find((each) => each.username === name('bob'))
      assert.equal(bob.publicKey, people.bob.device.publicKey)
      assert.equal(bob.isProven, !more.BRIDGE_URL)
      assert.ok(!contacts.some((each) => each.username === name('alice')))
      const asked = new URLSearchParams({
        username: name('bob'),
        publicKey: bob.publicKey,
        at: new Date().toISOString(),
      })
      const { token } = people.alice
      assert.deepEqual(await ask('GET', `/api/was-valid?${asked}`, { token }), { isValid: true })
      asked.set('publicKey', people.alice.device.publicKey)
      assert.deepEqual(await ask('GET', `/api/was-valid?${asked}`, { token }), { isValid: false })
    })

    test('a profile is its owner\'s to change, and contacts see it at once', async () => {
      const { token } = people.bob
      assert.deepEqual(await ask('GET', '/api/profile', { token }), { fullName: '', bio: '' })
      const said = { fullName: 'Bob Brown', bio: 'I draw.' }
      assert.deepEqual(await post('/api/profile', said, { token }), said)
      assert.deepEqual(await post('/api/profile', { bio: '' }, { token }), { ...said, bio: '' })
      const { contacts } = await ask('GET', '/api/contacts', { token: people.alice.token })
      const bob = contacts.find((each) => each.username === name('bob'))
      assert.equal(bob.fullName, 'Bob Brown')
      await post('/api/profile', { fullName: 'x'.repeat(300) }, { token, status: 400 })
      await ask('GET', '/api/profile', { status: 401 })
    })

    test('staff invite, and make staff; others do not', async () => {
      const { token } = people.alice
      const invited = { email: `${name('carol')}@example.test` }
      await post('/api/invite-token', invited, { token, status: 403 })
      await post('/api/set-staff', { username: name('bob'), isStaff: true }, { token, status: 403 })
      await platformCall('PUT', `/members/${name('alice')}/staff`, { is_staff: true })
      const { inviteToken } = await post('/api/invite-token', invited, { token, status: 201 })
      await signUp('carol', inviteToken)
      const again = { publicKey: new Device().publicKey, username: name('dave'), inviteToken }
      const { message } = await post('/api/sign-up/challenge', again)
      const late = { message, signature: people.carol.device.sign(message), inviteToken }
      const refused = await ask('POST', '/api/sign-up', { body: late, status: 401 })
      assert.ok(refused.error)
      const made = await post('/api/set-staff', { username: name('bob'), isStaff: true }, { token })
      assert.deepEqual(made, { username: name('bob'), isStaff: true })
    })

    test('a name that was staff makes nobody staff', async () => {
      const owner = await signUp('boss')
      if (!more.BRIDGE_URL) await join(people.boss)
      await platformCall('PUT', `/members/${name('boss')}/staff`, { is_staff: true })
      const gone = { method: 'DELETE', headers: { Authorization: `Bearer ${owner.token}` } }
      assert.equal((await fetch(`${environment.PLATFORM_URL}/v1/me`, gone)).status, 200)
      // Somebody who was never here but is staff, whom the application vouched for.
      const vouched = { public_key: new Device().publicKey, is_staff: true }
      await platformCall('POST', '/members', { member: name('chief'), ...vouched })
      for (const who of ['boss', 'chief']) {
        const { token } = await signUp(who)
        const mine = { username: name(who), isStaff: true }
        await post('/api/set-staff', mine, { token, status: 403 })
        if (!more.BRIDGE_URL) await join(people[who])
        const invited = { email: `${name(who)}@example.test` }
        await post('/api/invite-token', invited, { token, status: 403 })
        const told = await platformCall('GET', `/members/${name(who)}`)
        assert.equal(told.public_key, people[who].device.publicKey)
        assert.equal(told.is_staff, false)
        assert.ok(told.user)
      }
    })

    test('tokens are renewed, and what is wrong is told', async () => {
      const { refreshToken } = people.bob
      const { token } = await post('/api/refresh', { refreshToken })
      assert.ok((await ask('GET', '/api/contacts', { token })).contacts.length > 0)
      await ask('GET', '/api/contacts', { status: 401 })
      await ask('GET', '/api/contacts', { token: 'nobody', status: 401 })
      await post('/api/sign-in', '{', { status: 400 })
      await post('/api/sign-up/challenge', { inviteToken: 'bnVsbA' }, { status: 400 })
      await post('/api/join', { message: 'null' }, { token, status: 400 })
      const nothing = Buffer.from('{"invite_string":"x","one_time_private_key":"00"}')
      const inviteToken = nothing.toString('base64url')
      for (const body of [{ message: {}, inviteToken }, { inviteToken }, { message: 'x', inviteToken }])
        await post('/api/sign-up', { signature: '', ...body }, { status: 400 })
      const refused = await post('/api/sign-in', { message: '{}', signature: '' }, { status: 401 })
      assert.ok(refused.detail.length > 10)
      await post('/api/sign-in', { filler: 'x'.repeat(70_000) }, { status: 413 })
      await ask('GET', '/api/nowhere', { status: 404 })
    })
  })
}

async function platformCall(method, path, body) {
  const { API_KEY_ID, API_KEY_SECRET, CONTEXT_ID, PLATFORM_URL } = environment
  const proof = Buffer.from(`${API_KEY_ID}:${API_KEY_SECRET}`).toString('base64')
  const answer = await fetch(`${PLATFORM_URL}/v1/contexts/${CONTEXT_ID}${path}`, {
    method,
    headers: { Authorization: `Basic ${proof}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  const told = await answer.text()
  assert.ok(answer.ok, told)
  return JSON.parse(told)
}
