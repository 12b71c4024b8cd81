// Whether the server that answers holds the key that an invitation's link names.

import { attested } from './cose.js'
import { fromBase64 } from './encoding.js'

const TYPE = 'application/vnd.ecs.server-keys.v1+cose'

/**
 * Believe an offer (`POST /v1/invitations/lookup`) whose scope and keys the key in the link attests;
 * `linkKey` is a compressed point in hex. Raises TypeError for another one.
 */
export async function requireKnown(offer, linkKey) {
  const statements = offer.key_statements.map((text) => attested(fromBase64(text), TYPE, linkKey))
  const said = await Promise.any(statements).catch(() => null)
  const isSame =
    said?.scope === offer.scope &&
    said.encryption === offer.server_encryption_key &&
    said.signature === offer.server_signature_key
  if (!isSame) throw new TypeError('the key in the link does not vouch for this server')
}
