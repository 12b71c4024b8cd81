// The steps of the onboarding page; the statements inside the functions are the page's own,
// unchanged.

import { p256 } from '@noble/curves/nist'
import forge from 'node-forge'
import { Buffer } from 'buffer'
import { Blockstream } from '@blockstream/ecs-js-sdk'
import { v4 as uuidv4 } from 'uuid'

import { executeBroadcast } from './broadcaster.mjs'

/** Step 1: generate your session key pairs. */
export function generateSessionKeys() {
  // ECDSA P-256 — used for signing future requests
  const sessionPrivateKey = p256.utils.randomSecretKey()
  const sessionPublicKeyHex = Buffer.from(p256.getPublicKey(sessionPrivateKey, true)).toString(
    'hex',
  )

  // RSA 2048 — used for encrypting/decrypting payloads
  const rsaKeyPair = forge.pki.rsa.generateKeyPair({ bits: 2048, e: 0x10001 })

  return { sessionPrivateKey, sessionPublicKeyHex, rsaKeyPair }
}

/** Step 2: decode the server public key. */
export function decodeServerKey(invitation) {
  const serverRsaPubKeyPem = forge.pki.publicKeyToPem(
    forge.pki.publicKeyFromPem(
      Buffer.from(invitation.server_rsa_pub_key_pem_b64, 'base64').toString('utf-8'),
    ),
  )

  return serverRsaPubKeyPem
}

/** Step 3: create a one-time SDK instance. */
export function createOneTimeClient(invitation, { rsaKeyPair }, serverRsaPubKeyPem) {
  const oneTimeClient = new Blockstream(
    forge.pki.privateKeyToPem(rsaKeyPair.privateKey), // freshly generated RSA private key
    new Uint8Array(Buffer.from(invitation.oneTimePrivateKey, 'hex')), // one-time ECDSA key
    invitation.deviceUuid,
    serverRsaPubKeyPem,
    Buffer.from(invitation.server_ecdsa_pub_key, 'hex'),
  )

  return oneTimeClient
}

/** Step 4: authorize and register your device. */
export async function authorize(invitation, keys, password, oneTimeClient) {
  const { sessionPublicKeyHex, rsaKeyPair } = keys

  const response = await executeBroadcast(
    {
      action: 'add',
      resource: '/account-management/authorize',
      details: {
        invite_string: invitation.invite_string,
        device_name: `${uuidv4()}-device`,
        device_signature_pubkey: sessionPublicKeyHex,
        device_encryption_pubkey: forge.pki.publicKeyToPem(rsaKeyPair.publicKey),
        password: password,
      },
    },
    oneTimeClient,
  )

  return response
}

/** Step 5: store your session credentials. */
export function storeSession(response, invitation, keys, serverRsaPubKeyPem) {
  const { sessionPrivateKey, rsaKeyPair } = keys

  if (response.status !== 'success') {
    throw new Error(response.message ?? 'Authorization failed')
  }

  const session = {
    userId: response.details.user_id,
    deviceUuid: response.details.device.device_uuid,
    sessionPrivateKeys: {
      ecdsa: Buffer.from(sessionPrivateKey).toString('hex'),
      rsa: forge.pki.privateKeyToPem(rsaKeyPair.privateKey),
    },
    serverPublicKeys: {
      rsa: serverRsaPubKeyPem,
      ecdsa: invitation.server_ecdsa_pub_key,
    },
  }

  return session
}

/** Proposal state: what the page does with an answer that waits for approval. */
export function pendingProposal(response) {
  if (response.status === 'pending') {
    return response.details.proposal_id
  }
  return null
}
