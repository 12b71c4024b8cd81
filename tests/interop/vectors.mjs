// Loads the shared vectors and builds the clients and the server keys that they speak of.

import { readFileSync } from 'node:fs'

import { Blockstream } from '@blockstream/ecs-js-sdk'
import * as keys from '@blockstream/ecs-js-sdk/keys'

const file =
  process.env.COUNTERSIGN_VECTORS ?? new URL('../vectors/enterprise.json', import.meta.url)

export const vectors = JSON.parse(readFileSync(file, 'utf8'))
export const server = vectors.keys.server
export const serverDecryptionKey = keys.readDecryptionKey(server.rsa_private_pem)

export function hex(text) {
  return Buffer.from(text, 'hex')
}

export function base64(text) {
  return Buffer.from(text, 'base64')
}

/** The one-time private key of the invitation or the signature key of the device with this id. */
export function signaturePrivateKey(device) {
  const { invitation, device: own, other_device: other } = vectors.keys
  const held = new Map([
    [invitation.deviceUuid, invitation.oneTimePrivateKey],
    [own.uuid, own.ecdsa_private],
    [other.uuid, other.ecdsa_private],
  ])
  return hex(held.get(device))
}

/**
 * A client of the vectors' server for this device, at the vectors' time unless `options` says else.
 */
export function clientOf(device, options = {}) {
  const pem =
    device === vectors.keys.other_device.uuid
      ? vectors.keys.other_device.rsa_private_pem
      : vectors.keys.device.rsa_private_pem
  return new Blockstream(
    pem,
    signaturePrivateKey(device),
    device,
    options.serverRsaKey ?? server.rsa_public_pem,
    options.serverEcdsaKey ?? hex(server.server_ecdsa_pub_key),
    { now: () => vectors.now, ...options },
  )
}

/** The random bytes of one request vector, in place of the client's own. */
export function randomnessOf(vector) {
  return (size, purpose) => {
    const bytes = hex(vector[purpose])
    if (bytes.length !== size) throw new Error(`the vector's ${purpose} has another size`)
    return bytes
  }
}

/** The request vector whose body has this SHA-256. */
export function requestNamed(bodyHash) {
  return vectors.requests.find((request) => request.body_sha256 === bodyHash)
}

/** A client for which exactly this request vector is open. */
export function clientAwaiting(request, wrap, options = {}) {
  const client = clientOf(request.device, { random: randomnessOf(request), wrap, ...options })
  client.request(JSON.parse(request.payload_utf8))
  return client
}
