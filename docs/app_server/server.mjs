/**
 * A sample application server: sign-up, sign-in, profiles, contacts, invite tokens, staff. It stores
 * nothing.
 * People, their keys, profiles and sessions are the platform's; this server adds the rules of its
 * application, and holds the API key that may register members.
 *
 *     PLATFORM_URL=https://id.example/s/acme API_KEY_ID=… API_KEY_SECRET=… \
 *     SOLUTION_ID=… CONTEXT_ID=… node server.mjs
 *
 * With BRIDGE_URL (https://id.example/s/acme/api) members are registered as the documentation of
 * application servers does it, vouched for by this server; without, people prove their keys.
 */
import { createPrivateKey, sign } from 'node:crypto'
import { createServer } from 'node:http'

import { Bridge } from './bridge.mjs'
import { Platform } from './platform.mjs'

const { PLATFORM_URL, BRIDGE_URL, SOLUTION_ID, PORT = '3000', HOST = '127.0.0.1' } = process.env
const { API_KEY_ID: apiKeyId, API_KEY_SECRET: apiKeySecret, CONTEXT_ID: contextId } = process.env
const platform = new Platform({ url: PLATFORM_URL, apiKeyId, apiKeySecret, contextId })
const bridge = BRIDGE_URL && new Bridge({ url: BRIDGE_URL, apiKeyId, apiKeySecret, contextId })
const MOST_BYTES = 65_536
for (const name of ['PLATFORM_URL', 'API_KEY_ID', 'API_KEY_SECRET', 'SOLUTION_ID', 'CONTEXT_ID']) {
  if (!process.env[name]) throw new Error(`${name} is not set`)
}

const routes = {
  'GET /api/health-check': async () => ({ status: 'ok' }),

  // {publicKey, username, fullName?, inviteToken?} → {message}: what the device is to sign.
  'POST /api/sign-up/challenge': async ({ body }) => {
    const { publicKey, username = '', fullName = '', inviteToken } = body
    const { invite_string = '' } = read(inviteToken)
    const asked = { public_key: publicKey, username, full_name: fullName, invite_string }
    return platform.beginSignUp(asked)
  },

  // {message, signature, inviteToken?} → the session; `join` is what is to be signed next, if any.
  'POST /api/sign-up': async ({ body }) => {
    const { message, signature, inviteToken } = body
    const pair = await platform.signUp({ message, signature, ...offer(inviteToken, message) })
    if (!pair.access_token) return [202, { waits: true }] // others must approve it first
    return [201, await admitted(pair, message)]
  },

  // {message, signature} → {member, …}: the proof that the key in the context is one's own.
  'POST /api/join': async ({ body, user }) => {
    const { username } = await user()
    if (said(body.message).member !== username) throw refusal(403, 'not-yours')
    return platform.join({ message: body.message, signature: body.signature })
  },

  'POST /api/sign-in/challenge': async ({ body }) => platform.beginSignIn(body.publicKey),
  'POST /api/sign-in': async ({ body: { message, signature } }) =>
    admitted(await platform.signIn({ message, signature }), message),
  'POST /api/refresh': async ({ body }) => session(await platform.refresh(body.refreshToken)),

  // Bio, picture and who sees what are parts of it, too: the platform's answer has all of them.
  'GET /api/profile': async ({ token }) => profile(await platform.profile(token())),
  // {fullName?, bio?} → the profile; contacts see it at once.
  'POST /api/profile': async ({ body: { fullName, bio }, token }) => {
    const metadata = bio === undefined ? undefined : { bio }
    return profile(await platform.editProfile(token(), { full_name: fullName, metadata }))
  },

  // ?kind=thread&after=… → with whom the caller may begin one, and with which keys.
  'GET /api/contacts': async ({ query: { kind, after, limit }, token }) => {
    const { items, next } = await platform.contacts(token(), { kind, after, limit })
    const contacts = items.map((each) => ({
      username: each.member,
      publicKey: each.public_key,
      isStaff: each.is_staff,
      isProven: each.proven_at !== null,
      fullName: each.full_name,
    }))
    return { contacts, next }
  },

  // ?username=…&publicKey=…&at=… → whether that was the key of that user then.
  'GET /api/was-valid': async ({ query: { username, publicKey, at }, token }) => {
    if (!username || !publicKey || !at) throw refusal(400, 'incomplete')
    const { items } = await platform.keysOf(token(), username, { at })
    return { isValid: items.some((each) => each.public_key === publicKey) }
  },

  // Staff alone. The token is shown once and good for one person.
  'POST /api/invite-token': async ({ body, staff }) => {
    await staff()
    const { invite_string, one_time_private_key } = await platform.invite(body.email)
    const token = JSON.stringify({ invite_string, one_time_private_key })
    return [201, { inviteToken: Buffer.from(token).toString('base64url') }]
  },
  'POST /api/set-staff': async ({ body, staff }) => {
    await staff()
    await platform.setStaff(body.username, body.isStaff === true)
    return { username: body.username, isStaff: body.isStaff === true }
  },
}

/**
 * The session, and a place in the context: whoever can sign in belongs to it, so a sign-up that was
 * cut off is mended by the next sign-in. To shut somebody out, disable the account.
 */
async function admitted(pair, message) {
  const { username, id } = await platform.user(pair.access_token)
  const { public_key: publicKey } = said(message) // the platform has just proved it
  const told = { ...session(pair), username, join: null }
  const member = await platform.member(username)
  if (member?.public_key === publicKey && member.user === id) return told
  // Whoever had this name before is somebody else, whose place is not for the taking.
  if (member?.user && member.user !== id) throw refusal(409, 'name-of-another')
  // The platform knows whose key it is, and that this account is the member from now on.
  if (bridge) await bridge.addUserToContext(username, publicKey)
  else told.join = (await platform.beginJoin(username, publicKey)).message
  return told
}

function session({ access_token, refresh_token, expires_in }) {
  const cloudData = { solutionId: SOLUTION_ID, contextId, platformUrl: BRIDGE_URL ?? PLATFORM_URL }
  return { token: access_token, refreshToken: refresh_token, expiresIn: expires_in, cloudData }
}

const profile = ({ full_name: fullName, metadata }) => ({ fullName, bio: metadata.bio ?? '' })

/** The object that a text of JSON says. */
function said(text) {
  try {
    const value = JSON.parse(text)
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value
  } catch {}
  throw refusal(400, 'no-json-object')
}

/** What an invite token says; nothing where none is brought. */
const read = (inviteToken) =>
  inviteToken ? said(Buffer.from(String(inviteToken), 'base64url').toString()) : {}

/** The invitation, and what its one-time key says of the message (P-256, raw r||s). */
function offer(inviteToken, message) {
  const { invite_string, one_time_private_key } = read(inviteToken)
  if (!invite_string) return {}
  if (!message) throw refusal(400, 'incomplete')
  if (!/^[0-9a-f]{64}$/.test(one_time_private_key)) throw refusal(400, 'invite-token')
  // PKCS#8 of a P-256 scalar without its public half (RFC 5915 §3, RFC 5208 §5).
  const head = '3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420'
  const der = Buffer.from(head + one_time_private_key, 'hex')
  let key
  try {
    key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } catch {
    throw refusal(400, 'invite-token')
  }
  const signature = sign('sha256', Buffer.from(message), { key, dsaEncoding: 'ieee-p1363' })
  return { invite_string, one_time_signature: signature.toString('base64') }
}

const refusal = (status, code, detail = code) =>
  Object.assign(new Error(code), { status, code, detail })

/** Who asks, told by the platform for this request: nothing is remembered here. */
function callers(request) {
  const token = () => {
    const found = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (!found) throw refusal(401, 'no-token')
    return found
  }
  const user = async () => platform.user(token())
  const staff = async () => {
    const { username, id } = await user()
    const member = await platform.member(username)
    // A name is not enough: the member has to be this very account.
    if (!member?.is_staff || member.user !== id) throw refusal(403, 'staff-only')
  }
  return { token, user, staff }
}

async function bodyOf(request) {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    chunks.push(chunk)
    size += chunk.length
    if (size > MOST_BYTES) throw refusal(413, 'too-large')
  }
  const body = size ? said(Buffer.concat(chunks).toString()) : {}
  for (const [name, value] of Object.entries(body)) {
    const type = name === 'isStaff' ? 'boolean' : 'string'
    if (typeof value !== type) throw refusal(400, 'wrong-type', `${name} is a ${type}`)
  }
  return body
}

const server = createServer(async (request, response) => {
  const answer = (status, told) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(told))
  }
  try {
    if (!URL.canParse(request.url, 'http://app.invalid')) throw refusal(400, 'no-address')
    const { pathname, searchParams } = new URL(request.url, 'http://app.invalid')
    const handle = routes[`${request.method} ${pathname}`]
    if (!handle) throw refusal(404, 'no-such-route')
    const body = await bodyOf(request)
    const query = Object.fromEntries(searchParams)
    const found = await handle({ body, query, ...callers(request) })
    answer(...(Array.isArray(found) ? found : [200, found]))
  } catch (error) {
    const { status = 500, code = 'failed', detail } = error
    const [path] = request.url.split('?')
    // What is missing (a permission of the key, say) is told there, so the operator reads it.
    const told = { method: request.method, path, status, code, detail }
    if (error.status) console.warn(JSON.stringify(told))
    else console.error(error)
    answer(status, { error: code, detail })
  }
})

server.listen(Number(PORT), HOST, () => {
  console.log(`listening on http://${HOST}:${server.address().port}`)
})
