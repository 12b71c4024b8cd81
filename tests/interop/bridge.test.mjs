// An application server as the documentation of bridges writes it, and a client of its own making,
// against a live server: COUNTERSIGN_BRIDGE names a JSON file with `url` (which ends in /api) and the
// `initialization_token` of the deployment.

import assert from 'node:assert/strict'
import * as crypto from 'node:crypto'
import { readFileSync } from 'node:fs'
import { before, test } from 'node:test'

const { url: BRIDGE_URL, initialization_token: initializationToken } = JSON.parse(
  readFileSync(process.env.COUNTERSIGN_BRIDGE, 'utf8'),
)
const YOUR_BRIDGE_URL = BRIDGE_URL
const CODES = { keyInUse: 0x65, noUser: 9, insufficient: 0x612e, noKey: 0x612b, wrong: 0x612c }
let API_KEY_ID, API_KEY_SECRET, CONTEXT_ID

// --- A client of its own ------------------------------------------------------------------------

async function call(method, params, headers = {}) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const answer = await fetch(BRIDGE_URL, { method: 'POST', body, headers: of(headers, body) })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('content-type'), 'application/json')
  return answer.json()
}

const of = (headers, body) => (typeof headers === 'function' ? headers(body) : headers)

async function done(method, params, headers) {
  const answer = await call(method, params, headers)
  assert.ok('result' in answer, JSON.stringify(answer))
  return answer.result
}

const basic = () => ({
  Authorization: 'Basic ' + Buffer.from(`${API_KEY_ID}:${API_KEY_SECRET}`).toString('base64'),
})

/** Headers that sign a body: `sign` gives the bytes of the signature of what is signed. */
function signed(keyId, sign) {
  return (body) => {
    const timestamp = Date.now()
    const nonce = crypto.randomBytes(32).toString('base64')
    const data = `${timestamp};${nonce};POST\n${new URL(BRIDGE_URL).pathname}\n${body}\n`
    const signature = sign(Buffer.from(data)).toString('base64')
    return { Authorization: `pmx-hmac-sha256 ${keyId};1;${timestamp};${nonce};${signature}` }
  }
}

const byHmac = () =>
  signed(API_KEY_ID, (data) =>
    crypto.createHmac('sha256', API_KEY_SECRET).update(data).digest().subarray(0, 20),
  )

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const sha256 = (data) => crypto.createHash('sha256').update(data).digest()

/** A new public key as devices make it: Base58Check of the compressed point. */
function newKey() {
  const pair = crypto.createECDH('secp256k1')
  pair.generateKeys()
  const point = pair.getPublicKey(null, 'compressed')
  const whole = Buffer.concat([point, sha256(sha256(point)).subarray(0, 4)])
  let number = BigInt('0x' + whole.toString('hex'))
  let text = ''
  for (; number > 0n; number /= 58n) text = BASE58[Number(number % 58n)] + text
  return text
}

before(async () => {
  const made = await done('manager/createFirstApiKey', { initializationToken, name: 'app' })
  ;({ id: API_KEY_ID, secret: API_KEY_SECRET } = made)
  const { solutionId: solution } = await done('solution/createSolution', { name: 'Main' }, basic())
  const context = { solution, name: 'MainContext', description: '', scope: 'private' }
  CONTEXT_ID = (await done('context/createContext', context, basic())).contextId
})

// --- The documentation's own two functions ------------------------------------------------------

async function getAccessToken() {
  const requestBody = {
    jsonrpc: '2.0',
    id: 128,
    method: 'manager/auth',
    params: {
      scope: ['solution:*', 'context'],
      grantType: 'api_key_credentials',
      apiKeyId: API_KEY_ID,
      apiKeySecret: API_KEY_SECRET,
    },
  }

  const tokenRequest = await fetch(BRIDGE_URL, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
    },
    body: JSON.stringify(requestBody),
  })

  const response = await tokenRequest.json()

  if (tokenRequest.status === 200) {
    return response.result.accessToken
  } else if ('error' in response) {
    throw new Error(`Unable to get access token`)
  } else {
    throw new Error(`Unknown error`)
  }
}

async function addUserToContext(USER_ID_ASSOCIATED_WITH_PUBLIC_KEY, PUBLIC_KEY) {
  const accessToken = await getAccessToken()

  const response = await fetch(YOUR_BRIDGE_URL, {
    method: 'POST',
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 128,
      method: 'context/addUserToContext',
      params: {
        contextId: CONTEXT_ID,
        userId: USER_ID_ASSOCIATED_WITH_PUBLIC_KEY,
        userPubKey: PUBLIC_KEY,
      },
    }),
    headers: {
      'Content-type': 'application/json',
      Authorization: `Bearer ${accessToken}`,
    },
  })
  return response // which the documentation ignores
}

test('the documented functions register a user', async () => {
  const key = newKey()
  const response = await addUserToContext('alice', key)
  assert.equal(response.status, 200)
  assert.deepEqual(await response.json(), { jsonrpc: '2.0', id: 128, result: 'OK' })
  const user = { contextId: CONTEXT_ID, userId: 'alice' }
  const shown = await done('context/getUserFromContext', user, basic())
  assert.equal(shown.user.pubKey, key)
  assert.equal(shown.user.acl, 'ALLOW ALL')
})

test('they hear of an error in an answer with 200', async () => {
  const key = newKey()
  await addUserToContext('bob', key)
  const response = await addUserToContext('mallory', key)
  assert.equal(response.status, 200)
  const { error } = await response.json()
  assert.deepEqual(error, { code: CODES.keyInUse, message: 'Pub key already in use', data: null })
})

test('they fail as they fail elsewhere when the key is wrong', async () => {
  const right = API_KEY_SECRET
  API_KEY_SECRET = '0'.repeat(32)
  // They look for a result in every answer with 200.
  await assert.rejects(getAccessToken(), TypeError)
  API_KEY_SECRET = right
  assert.ok(await getAccessToken())
})

test('an independent client signs with a shared secret', async () => {
  const listed = await done('solution/listSolutions', {}, byHmac())
  assert.equal(listed.list.length, 1)
  const headers = byHmac()
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'solution/listSolutions', params: {} })
  const once = headers(body)
  const send = () => fetch(BRIDGE_URL, { method: 'POST', body, headers: once }).then((a) => a.json())
  assert.ok('result' in (await send()))
  assert.equal((await send()).error.message, 'Unauthorized')
})

test('an independent client signs with a key of its own', async () => {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ed25519')
  const pem = publicKey.export({ type: 'spki', format: 'pem' })
  const params = { name: 'signer', scope: ['context', 'solution:*'], publicKey: pem }
  const { id } = await done('manager/createApiKey', params, basic())
  const headers = signed(id, (data) => crypto.sign(null, data, privateKey))
  const page = { contextId: CONTEXT_ID, skip: 0, limit: 10, sortOrder: 'asc' }
  const listed = await done('context/listUsersFromContext', page, headers)
  assert.equal(listed.count, listed.users.length)
  const refused = await call('manager/listApiKeys', {}, headers)
  assert.deepEqual([refused.error.code, refused.error.data], [CODES.insufficient, 'apiKey'])
})

test('of fifty calls with one key under different ids one is done', async () => {
  const token = await getAccessToken()
  const userPubKey = newKey()
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, number) =>
      call(
        'context/addUserToContext',
        { contextId: CONTEXT_ID, userId: `racer ${number}`, userPubKey },
        { Authorization: `Bearer ${token}` },
      ),
    ),
  )
  const won = answers.filter((each) => each.result === 'OK')
  assert.equal(won.length, 1, JSON.stringify(answers.slice(0, 5)))
  const lost = answers.filter((each) => each.error?.code === CODES.keyInUse)
  assert.equal(lost.length, 49)
})

test('of fifty renewals of one token all give one successor', async () => {
  const params = { grantType: 'api_key_credentials', apiKeyId: API_KEY_ID, apiKeySecret: API_KEY_SECRET }
  const { refreshToken } = await done('manager/auth', params)
  const renew = () => call('manager/auth', { grantType: 'refresh_token', refreshToken })
  const answers = await Promise.all(Array.from({ length: 50 }, renew))
  const tokens = new Set(answers.map((each) => each.result?.accessToken))
  assert.equal(tokens.size, 1)
  const [accessToken] = tokens
  assert.ok(await done('solution/listSolutions', {}, { Authorization: `Bearer ${accessToken}` }))
})

test('five thousand calls at once are all answered', { timeout: 240_000 }, async () => {
  const token = await getAccessToken()
  const user = { contextId: CONTEXT_ID, userId: 'alice' }
  const ways = [() => ({ Authorization: `Bearer ${token}` }), basic, byHmac]
  let next = 0
  const answers = []
  async function work() {
    for (let number = next++; number < 5000; number = next++) {
      const answer = await call('context/getUserFromContext', user, ways[number % 3]())
      answers.push(answer.result?.user?.userId ?? JSON.stringify(answer))
    }
  }
  await Promise.all(Array.from({ length: 128 }, work))
  assert.equal(answers.length, 5000)
  assert.deepEqual([...new Set(answers)], ['alice'])
})
