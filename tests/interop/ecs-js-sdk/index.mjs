// What the package offers: the client of the onboarding page and the checks of an approver.

export { Blockstream } from './client.mjs'
export { EnvelopeError } from './errors.mjs'
export { proposalHash, proposalHashInput, verifyEvidence } from './evidence.mjs'
