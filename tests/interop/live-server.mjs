// The live server of the onboarding tests: where it is, who is its owner, and how its answers are
// read.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

import { Blockstream, proposalHash, verifyEvidence } from '@blockstream/ecs-js-sdk'
import * as envelope from '@blockstream/ecs-js-sdk/envelope'
import * as keys from '@blockstream/ecs-js-sdk/keys'
import * as strictJson from '@blockstream/ecs-js-sdk/strict-json'

import { executeBroadcast } from './broadcaster.mjs'
import * as page from './onboarding-page.mjs'

const INVITATION_FIELDS = [
  'invite_string',
  'oneTimePrivateKey',
  'deviceUuid',
  'server_rsa_pub_key_pem_b64',
  'server_ecdsa_pub_key',
]
const ERROR_CLAIMS = ['issued', 'id', 'request'].map((name) => envelope.CLAIM[name])

/**
 * The bundle that COUNTERSIGN_INTEROP names: `owner` (a session as the page stores it),
 * `invitation` (the first invitation) and, where a policy change needs a second person, `approvers`
 * (further sessions). Raises Error when the environment does not name a server.
 */
export function loadBundle() {
  const { COUNTERSIGN_URL: url, COUNTERSIGN_INTEROP: file } = process.env
  if (!url || !file) {
    throw new Error(
      'These tests need a live server: set COUNTERSIGN_URL to its base address and ' +
        'COUNTERSIGN_INTEROP to a JSON file with the session of an owner and a first invitation ' +
        '({"owner": …, "invitation": …}).',
    )
  }
  const bundle = JSON.parse(readFileSync(file, 'utf8'))
  assert.ok(bundle.owner?.sessionPrivateKeys, 'the bundle has no session of an owner')
  requireInvitation(bundle.invitation)
  return bundle
}

/** The permanent client of a stored session. */
export function clientOf(session, options) {
  return new Blockstream(
    session.sessionPrivateKeys.rsa,
    Buffer.from(session.sessionPrivateKeys.ecdsa, 'hex'),
    session.deviceUuid,
    session.serverPublicKeys.rsa,
    Buffer.from(session.serverPublicKeys.ecdsa, 'hex'),
    options,
  )
}

export function ask(client, action, resource, details = {}) {
  return executeBroadcast({ action, resource, details }, client)
}

/** Steps 1 to 3 of the page: fresh keys and the one-time client of this invitation. */
export function prepare(invitation, sessionKeys = page.generateSessionKeys()) {
  const serverRsaPubKeyPem = page.decodeServerKey(invitation)
  const client = page.createOneTimeClient(invitation, sessionKeys, serverRsaPubKeyPem)
  return {
    invitation,
    keys: sessionKeys,
    client,
    authorize: (password) => page.authorize(invitation, sessionKeys, password, client),
    session: (response) => page.storeSession(response, invitation, sessionKeys, serverRsaPubKeyPem),
  }
}

export function requireSuccess(response) {
  assert.equal(response.status, 'success', JSON.stringify(response))
  return response.details
}

export function requireRefusal(response, expectedCode, expectedStatus) {
  assert.equal(response.error_code, expectedCode, JSON.stringify(response))
  assert.equal(response.status, expectedStatus, JSON.stringify(response))
}

/** The invitation in the answer to an invite: exactly what the page says one receives. */
export function requireInvitation(details) {
  for (const field of INVITATION_FIELDS) {
    assert.equal(typeof details?.[field], 'string', `the invitation has no ${field}`)
  }
  assert.match(details.invite_string, /^inv_[\w-]{43}$/)
  assert.match(details.oneTimePrivateKey, /^[0-9a-f]{64}$/)
  assert.match(details.server_ecdsa_pub_key, /^0[23][0-9a-f]{64}$/)
  return details
}

/**
 * Reads a pending proposal as an approver must (spec 5.5): recomputes its hash and verifies the
 * proposer's signature by `expectedKey`. Returns the hash and the request that was signed.
 */
export async function examineProposal(client, id, expectedKey) {
  const proposal = requireSuccess(await ask(client, 'get', `/proposals/${id}`))
  const requestSign1 = Buffer.from(proposal.request_sign1, 'base64')
  const hash = proposalHash({
    tenant: proposal.tenant,
    proposal: id,
    requestSign1,
    policy: proposal.policy_id,
    policyVersion: proposal.policy_version,
    reviewExpression: proposal.review_expression,
    expiresAt: proposal.expires_at,
  })
  assert.equal(hash, proposal.proposal_hash)
  assert.equal(proposal.state, 'pending')
  return { hash, evidence: verifyEvidence(requestSign1, expectedKey), proposal }
}

/**
 * Sees a change of the owner through: it has succeeded, or it waits for a second person and the
 * bundle's `approvers` vote for it until it is made.
 */
export async function seeThrough(response, bundle) {
  if (response.status !== 'pending') return requireSuccess(response)
  const approvers = bundle.approvers ?? []
  assert.ok(approvers.length > 0, 'this change is pending and the bundle names no approvers')
  const id = page.pendingProposal(response)
  const proposer = keys.signaturePublicKey(
    Buffer.from(bundle.owner.sessionPrivateKeys.ecdsa, 'hex'),
  )
  for (const approver of approvers) {
    const client = clientOf(approver)
    const { hash } = await examineProposal(client, id, proposer)
    const vote = await ask(client, 'approve', `/proposals/${id}`, { proposal_hash: hash })
    if (vote.status !== 'pending') return requireSuccess(vote)
  }
  return assert.fail('the change is still pending after every approver of the bundle has voted')
}

/**
 * A signed error in the clear to exactly these request bytes. Raises EnvelopeError when it is not
 * that.
 */
export function openError(answer, requestBody, session) {
  const expected = keys.readSignatureKey(Buffer.from(session.serverPublicKeys.ecdsa, 'hex'))
  const inner = envelope.readSign1(envelope.readItem(answer.bytes), {
    expectedType: envelope.ERROR_TYPE,
    expectedClaims: ERROR_CLAIMS,
    kidBytes: 32,
  })
  assert.deepEqual(inner.kid, expected.kid)
  keys.verify(inner.signed, inner.signature, expected.compressed)
  assert.deepEqual(inner.claims.get(envelope.CLAIM.request), keys.sha256(requestBody))
  return strictJson.parse(inner.payload)
}
