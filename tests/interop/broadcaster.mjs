// The transport that the onboarding page takes for granted: sends a request and opens the answer.

import { EnvelopeError } from '@blockstream/ecs-js-sdk'

const TIMEOUT_MILLISECONDS = 30_000
const MAX_ANSWER_BYTES = 1024 * 1024
const COSE_TYPES = ['application/octet-stream', 'application/cose']
const OUTSIDE_THE_TIME_WINDOW = '-5'

/**
 * Nobody whom we can believe has answered: the network failed, or something other than the server
 * spoke.
 */
export class NoAnswer extends Error {
  constructor(message, options) {
    super(message, options)
    this.name = 'NoAnswer'
  }
}

/**
 * Sends `payload` as a request of `blockstream` and returns the opened answer. `opts` may hold
 * `url` (the base address; else COUNTERSIGN_URL), `path` and `timeout` in milliseconds. After a
 * verified answer that our clock is wrong it asks once more (spec 3.5). Raises NoAnswer, and
 * EnvelopeError for an answer to be refused.
 */
export async function executeBroadcast(payload, blockstream, opts = {}) {
  const answer = await broadcastOnce(payload, blockstream, opts)
  if (answer.error_code !== OUTSIDE_THE_TIME_WINDOW) return answer
  return broadcastOnce(payload, blockstream, opts)
}

async function broadcastOnce(payload, blockstream, opts) {
  const body = blockstream.request(payload)
  try {
    const answer = await post(body, opts)
    requireCose(answer)
    return blockstream.parse(answer.bytes)
  } catch (error) {
    if (error instanceof NoAnswer || error instanceof EnvelopeError) blockstream.abandon(body)
    throw error
  }
}

/**
 * Posts bytes; returns the HTTP `status`, the `headers` and the `bytes` of the answer. Raises
 * NoAnswer.
 */
export async function post(body, opts = {}) {
  const { url = process.env.COUNTERSIGN_URL, path = '/request', contentType = COSE_TYPES[0] } = opts
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}${path}`, {
      method: 'POST',
      headers: { 'content-type': contentType },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(opts.timeout ?? TIMEOUT_MILLISECONDS),
    })
    return { status: response.status, headers: response.headers, bytes: await readAll(response) }
  } catch (error) {
    if (error instanceof NoAnswer) throw error
    throw new NoAnswer(`no answer: ${error.message}`, { cause: error })
  }
}

async function readAll(response) {
  const parts = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > MAX_ANSWER_BYTES) throw new NoAnswer('the answer is too long')
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}

// Spec 3.2: anything else, such as a proxy's HTML, is no answer at all.
function requireCose({ status, headers }) {
  const type = (headers.get('content-type') ?? '').split(';')[0].trim().toLowerCase()
  if (!COSE_TYPES.includes(type)) throw new NoAnswer(`HTTP ${status} with ${type || 'no type'}`)
}
