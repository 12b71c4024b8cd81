// The one way in which the tests look at what the client refuses.

import assert from 'node:assert/strict'

import { EnvelopeError } from '@blockstream/ecs-js-sdk'

/** Asserts that `act` raises EnvelopeError with exactly this public code. */
export function refuses(expectedCode, act) {
  assert.throws(act, (error) => {
    assert.ok(error instanceof EnvelopeError, `unexpected ${error.stack}`)
    assert.equal(error.code, expectedCode)
    return true
  })
}
