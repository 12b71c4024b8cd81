// What an approver checks before voting: the proposal's hash and the proposer's own signature.

import * as cbor from './cbor.mjs'
import * as envelope from './envelope.mjs'
import * as keys from './keys.mjs'
import * as strictJson from './strict-json.mjs'

const CLAIMS = ['audience', 'expires', 'issued', 'id'].map((name) => envelope.CLAIM[name])

/** The bytes under a proposal's hash (spec 5.5). Ids are UUID texts, `requestSign1` bytes. */
export function proposalHashInput(proposal) {
  return cbor.encode([
    'ecs-proposal/1',
    uuidBytes(proposal.tenant),
    uuidBytes(proposal.proposal),
    keys.sha256(proposal.requestSign1),
    uuidBytes(proposal.policy),
    proposal.policyVersion,
    proposal.reviewExpression,
    proposal.expiresAt,
  ])
}

/** The hash, in lower-case hex, that an approval of this proposal must carry. */
export function proposalHash(proposal) {
  return keys.sha256(proposalHashInput(proposal)).toString('hex')
}

/**
 * The request that a stored COSE_Sign1 proves: `device` (UUID text), `audience`, `issuedAt`,
 * `expiresAt`, `id` and `payload` (object). `expectedKey` is the compressed P-256 point of the one
 * who must have signed. Raises EnvelopeError.
 */
export function verifyEvidence(sign1, expectedKey) {
  const inner = envelope.readSign1(envelope.readItem(sign1), {
    expectedType: envelope.REQUEST_TYPE,
    expectedClaims: CLAIMS,
    kidBytes: 16,
  })
  keys.verify(inner.signed, inner.signature, expectedKey)
  const claim = (name) => inner.claims.get(envelope.CLAIM[name])
  return {
    device: uuidText(inner.kid),
    audience: claim('audience'),
    issuedAt: claim('issued'),
    expiresAt: claim('expires'),
    id: claim('id'),
    payload: strictJson.parse(inner.payload),
  }
}

function uuidBytes(text) {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex')
  if (bytes.length !== 16) throw new TypeError('not a UUID')
  return bytes
}

function uuidText(bytes) {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
