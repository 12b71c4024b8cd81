// Answers as the vectors' server would, so that the client's refusals can be tried without a
// network.

import crypto from 'node:crypto'

import * as envelope from '@blockstream/ecs-js-sdk/envelope'
import * as keys from '@blockstream/ecs-js-sdk/keys'

import { hex, server, vectors } from './vectors.mjs'

const recipient = keys.readEncryptionKey(vectors.keys.device.rsa_public_pem)

function signed({
  type,
  request,
  payload,
  device,
  signer = hex(server.ecdsa_private),
  claims = [],
  kid = keys.sha256(keys.signaturePublicKey(signer)),
}) {
  return envelope.signSign1({
    type,
    kid,
    claims: new Map([
      ...(device === undefined ? [] : [[envelope.CLAIM.audience, device]]),
      [envelope.CLAIM.issued, vectors.now],
      [envelope.CLAIM.id, crypto.randomBytes(16)],
      [envelope.CLAIM.request, keys.sha256(request)],
      ...claims,
    ]),
    payload: Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload)),
    privateKey: signer,
  })
}

/** The bytes inside a sealed reply to `request`; `device` is whom the signature names. */
export function replySign1({ device = vectors.keys.device.uuid, ...parts }) {
  return signed({ type: envelope.REPLY_TYPE, device, ...parts })
}

/** Seals `sign1` to the vectors' device, or to another recipient or device. */
export function sealReply(sign1, { device = vectors.keys.device.uuid, to = recipient } = {}) {
  return envelope.seal({
    device: hex(device.replaceAll('-', '')),
    recipient: to,
    sign1,
    contentKey: crypto.randomBytes(32),
    iv: crypto.randomBytes(12),
  })
}

/** A signed error in the clear, in answer to `request`. */
export function signError(parts) {
  return signed({ type: envelope.ERROR_TYPE, ...parts })
}
