// Ceremonies of passkeys (WebAuthn Level 2): options of the server in, an answer as JSON out.

import { base64url, fromBase64url } from './encoding.js'

const text = (buffer) => base64url(new Uint8Array(buffer))
const descriptors = (given) => (given ?? []).map((each) => ({ ...each, id: fromBase64url(each.id) }))

/** Whether this browser makes and uses passkeys on this page. */
export const isPossible = () => Boolean(globalThis.isSecureContext && globalThis.PublicKeyCredential)

/** Whether the browser offers passkeys among what it fills in by itself. */
export async function isOffered() {
  return Boolean(await globalThis.PublicKeyCredential?.isConditionalMediationAvailable?.())
}

/** Make a passkey (§7.1). */
export async function make(given, signal) {
  const publicKey = {
    ...given,
    challenge: fromBase64url(given.challenge),
    user: { ...given.user, id: fromBase64url(given.user.id) },
    excludeCredentials: descriptors(given.excludeCredentials),
  }
  const made = await navigator.credentials.create({ publicKey, signal })
  return shown(made, {
    attestationObject: text(made.response.attestationObject),
    transports: made.response.getTransports?.() ?? [],
  })
}

/** Prove a passkey (§7.2); `mediation` is "conditional" where the browser offers it in a field. */
export async function use(given, signal, mediation) {
  const publicKey = {
    ...given,
    challenge: fromBase64url(given.challenge),
    allowCredentials: descriptors(given.allowCredentials),
  }
  const asked = { publicKey, signal }
  if (mediation) asked.mediation = mediation
  const found = await navigator.credentials.get(asked)
  const { authenticatorData, signature, userHandle } = found.response
  return shown(found, {
    authenticatorData: text(authenticatorData),
    signature: text(signature),
    userHandle: userHandle ? text(userHandle) : null,
  })
}

function shown(credential, response) {
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? null,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { clientDataJSON: text(credential.response.clientDataJSON), ...response },
  }
}

const MAKING = {
  NotAllowedError:
    'No passkey was made: the question of the browser was closed or waited too long. Try again.',
  InvalidStateError:
    'This device or security key has a passkey of your account already. Use it, or take another device.',
  NotSupportedError:
    'This device can’t make a passkey as it is asked for here. Take another device or a security key.',
  ConstraintError:
    'This device can’t make a passkey yet: set up its screen lock, or the security key’s PIN, first.',
}
const USING = {
  NotAllowedError:
    'No passkey was used: the question of the browser was closed, waited too long, or found no passkey ' +
    'for this place. Try again, or go another way.',
}

/** What to tell a person about an error of a ceremony. */
export function told(error, kind, given) {
  if (error?.name === 'SecurityError') {
    const domain = given?.rpId ?? given?.rp?.id ?? 'another address'
    return `Passkeys belong to ${domain} here, and this page is at ${location.host}. Go another way, or open the page there.`
  }
  const known = (kind === 'make' ? MAKING : USING)[error?.name]
  return known ?? 'Something went wrong in this browser. Load the page again and repeat it.'
}
