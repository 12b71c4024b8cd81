// RSA-OAEP with a given seed, so that a whole request can be compared byte for byte with its
// vector.

import crypto from 'node:crypto'

import forge from 'node-forge'

/** A `wrap` for the client that uses this 32-byte seed (RFC 8017 section 7.1.1) once. */
export function seededWrap(seed) {
  return (contentKey, publicKey) => {
    const pem = publicKey.export({ type: 'spki', format: 'pem' })
    const encoded = forge.pkcs1.encode_rsa_oaep(
      forge.pki.publicKeyFromPem(pem),
      contentKey.toString('binary'),
      {
        seed: seed.toString('binary'),
        md: forge.md.sha256.create(),
        mgf1: { md: forge.md.sha256.create() },
      },
    )
    const options = { key: publicKey, padding: crypto.constants.RSA_NO_PADDING }
    return crypto.publicEncrypt(options, Buffer.from(encoded, 'binary'))
  }
}
