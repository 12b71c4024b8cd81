// No test: what an application's page bundles. `tests/browser/test_passport_page.py` opens it in
// Chromium at an origin of its own and calls what is told here.

import { Passport } from '@0xpass/passport'
import { WebauthnSigner } from '@0xpass/webauthn-signer'

// The client takes Node's Buffer for granted, which applications' bundlers bring along.
globalThis.Buffer ??= {
  from: (text, form) => {
    if (form !== 'hex') throw new TypeError(form)
    return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16))
  },
}
const signer = new WebauthnSigner({ rpId: 'localhost', rpName: 'A shop' })

/** Join, sign in, sign a message: what it was, by whom, and the signature. */
globalThis.playAccount = async (facts, username, message) => {
  const client = new Passport({
    scopeId: facts.scope_id,
    signer,
    network: facts.network,
    enclavePublicKey: facts.rsa_public_key,
  })
  const user = { username, userDisplayName: username }
  await client.setupEncryption()
  await client.register(user)
  const [, address] = await client.authenticate(user)
  const signed = await client.signMessage(message)
  return { address, signature: signed.result }
}
