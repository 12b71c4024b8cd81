// The one error that the client raises for bytes which it will not trust.

/**
 * Bytes that the client refuses, with the public code that says why (spec 3.7): '-1' malformed,
 * '-2' algorithm or type not in the profile, '-3' cannot open, '-4' not authentic, '-6' answers no
 * request that is open here.
 */
export class EnvelopeError extends Error {
  constructor(code, message) {
    super(`${message} (${code})`)
    this.name = 'EnvelopeError'
    this.code = code
  }
}

export function malformed(message) {
  return new EnvelopeError('-1', message)
}

export function unsupported(message) {
  return new EnvelopeError('-2', message)
}

export function cannotOpen() {
  return new EnvelopeError('-3', 'the envelope cannot be opened')
}

export function notAuthentic(message) {
  return new EnvelopeError('-4', message)
}

export function notExpected(message) {
  return new EnvelopeError('-6', message)
}
