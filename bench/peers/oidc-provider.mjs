// oidc-provider with its data in PostgreSQL: introspection and rotating refresh tokens.
//
//   node oidc-provider.mjs seed USERS SESSIONS    tables, grants, tokens; prints what clients need
//   node oidc-provider.mjs serve PORT

import { generateKeyPairSync } from 'node:crypto'
import process from 'node:process'
import { Provider } from 'oidc-provider'
import pg from 'pg'

import { adapterFor, makeTables } from './adapter.mjs'

const CLIENT = { id: 'app', secret: 'the-secret-of-a-benchmark-that-lives-for-a-minute' }
const SCOPE = 'openid offline_access'
const DAY = 24 * 3600

const pool = new pg.Pool({ connectionString: process.env.BENCH_DATABASE, max: 10 })
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const provider = new Provider('http://127.0.0.1', {
  adapter: adapterFor(pool),
  clients: [
    {
      client_id: CLIENT.id,
      client_secret: CLIENT.secret,
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['https://app.example.test/back'],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  cookies: { keys: ['a key of a benchmark'] },
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
  },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
  // On, with reuse detection: a token that was used before takes its whole grant with it.
  rotateRefreshToken: true,
  ttl: { AccessToken: DAY, Grant: 14 * DAY, IdToken: DAY, RefreshToken: 14 * DAY },
})

async function session(number, client) {
  const accountId = `user-${number}`
  const grant = new provider.Grant({ accountId, clientId: CLIENT.id })
  grant.addOIDCScope(SCOPE)
  const grantId = await grant.save()
  const shared = { accountId, client, grantId, gty: 'authorization_code', scope: SCOPE }
  const access = await new provider.AccessToken(shared).save()
  const refresh = await new provider.RefreshToken({
    ...shared,
    authTime: Math.floor(Date.now() / 1000),
  }).save()
  return { access, refresh }
}

async function seed(users, sessions) {
  await makeTables(pool)
  const client = await provider.Client.find(CLIENT.id)
  const tokens = []
  for (let number = 1; number <= sessions; number += 1) tokens.push(await session(number, client))
  // Neighbours of the sessions that are measured.
  await pool.query(
    `INSERT INTO oidc_item (model, id, payload, grant_id, expires_at)
     SELECT 'AccessToken', 'n' || n, '{}', 'g' || n, now() + interval '1 day'
     FROM generate_series(1, $1::int) AS n`,
    [users],
  )
  await pool.query('ANALYZE')
  const basic = Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')
  process.stdout.write(`${JSON.stringify({ tokens, authorization: `Basic ${basic}` })}\n`)
  await pool.end()
}

const [act, first, second] = process.argv.slice(2)
if (act === 'seed') {
  await seed(Number(first), Number(second))
} else {
  provider.listen(Number(first), '127.0.0.1')
}
