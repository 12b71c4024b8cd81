// Better Auth with its own adapter for PostgreSQL, as its documentation sets it up; no plugins.
//
//   node better-auth.mjs seed USERS SESSIONS    tables, users, sessions; prints what clients need
//   node better-auth.mjs serve PORT

import { createHmac, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import process from 'node:process'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import pg from 'pg'

const SECRET = 'the secret of a benchmark that lives for a minute'
const PASSWORD = 'correct horse battery staple'
const COOKIE = 'better-auth.session_token'
const WEEK = 7 * 24 * 3600

const pool = new pg.Pool({ connectionString: process.env.BENCH_DATABASE, max: 10 })
const options = {
  baseURL: 'http://127.0.0.1',
  secret: SECRET,
  database: pool,
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  logger: { level: 'error' },
  telemetry: { enabled: false },
  session: { cookieCache: { enabled: false } },
}
const auth = betterAuth(options)

async function seed(users, sessions) {
  const { runMigrations } = await getMigrations(options)
  await runMigrations()
  const first = await auth.api.signUpEmail({
    body: { email: 'first@example.test', password: PASSWORD, name: 'First' },
  })
  // The other users are copies of the first one, password and all: a hash for each would take days.
  await pool.query(
    `INSERT INTO "user" SELECT (jsonb_populate_record(one, jsonb_build_object(
         'id', 'u' || n, 'email', 'u' || n || '@example.test'))).*
       FROM "user" AS one, generate_series(1, $2::int) AS n WHERE one.id = $1`,
    [first.user.id, users],
  )
  await pool.query(
    `INSERT INTO account SELECT (jsonb_populate_record(one, jsonb_build_object(
         'id', 'a' || n, 'accountId', 'u' || n, 'userId', 'u' || n))).*
       FROM account AS one, generate_series(1, $2::int) AS n WHERE one."userId" = $1`,
    [first.user.id, users],
  )
  const cookies = []
  for (let number = 1; number <= sessions; number += 1) {
    const token = randomBytes(24).toString('base64url')
    await pool.query(
      `INSERT INTO session (id, "expiresAt", token, "createdAt", "updatedAt", "userId")
       VALUES ($1, now() + $2 * interval '1 second', $3, now(), now(), $4)`,
      [`s${number}`, WEEK, token, `u${1 + (number % users)}`],
    )
    const mark = createHmac('sha256', SECRET).update(token).digest('base64')
    cookies.push(`${COOKIE}=${encodeURIComponent(`${token}.${mark}`)}`)
  }
  await pool.query('ANALYZE')
  process.stdout.write(`${JSON.stringify({ cookies, password: PASSWORD })}\n`)
  await pool.end()
}

const [act, first, second] = process.argv.slice(2)
if (act === 'seed') {
  await seed(Number(first), Number(second))
} else {
  createServer(toNodeHandler(auth)).listen(Number(first), '127.0.0.1')
}
