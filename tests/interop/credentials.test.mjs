// Credentials as other libraries read them: they verify what Python signed, and sign for Python.
//
// COUNTERSIGN_CREDENTIALS names what Python signed, COUNTERSIGN_CREDENTIALS_SIGNED where to write.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'

import { DataIntegrityProof } from '@digitalbazaar/data-integrity'
import * as multikey from '@digitalbazaar/ed25519-multikey'
import * as jcs from '@digitalbazaar/eddsa-jcs-2022-cryptosuite'
import { cryptosuite as rdfc } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite'
import jsigs from 'jsonld-signatures'

const { AssertionProofPurpose } = jsigs.purposes
const given = JSON.parse(readFileSync(process.env.COUNTERSIGN_CREDENTIALS, 'utf8'))
const signed = []
after(() => writeFileSync(process.env.COUNTERSIGN_CREDENTIALS_SIGNED, JSON.stringify(signed)))

const VERIFYING = { 'eddsa-rdfc-2022': rdfc, 'eddsa-jcs-2022': jcs.createVerifyCryptosuite() }
const SIGNING = { 'eddsa-rdfc-2022': rdfc, 'eddsa-jcs-2022': jcs.createSignCryptosuite() }

// What is known: the contexts that Python knows, and documents of keys. Nothing is fetched.
async function documentLoader(url) {
  const document = given.contexts[url] ?? (url.startsWith('did:key:') ? documentOf(url) : undefined)
  if (!document) throw new Error(`${url} is not known`)
  return { documentUrl: url, document }
}

function documentOf(url) {
  const [did, fragment] = url.split('#')
  const method = {
    '@context': 'https://w3id.org/security/multikey/v1',
    id: `${did}#${did.slice(8)}`,
    type: 'Multikey',
    controller: did,
    publicKeyMultibase: did.slice(8),
  }
  if (fragment) return method
  const id = method.id
  return { '@context': ['https://www.w3.org/ns/did/v1'], id: did, verificationMethod: [method], assertionMethod: [id] }
}

async function verify(document) {
  const cryptosuite = VERIFYING[document.proof.cryptosuite]
  const controller = documentOf(document.issuer)
  return jsigs.verify(document, {
    suite: new DataIntegrityProof({ cryptosuite }),
    purpose: new AssertionProofPurpose({ controller }),
    documentLoader,
  })
}

describe('credentials of this house', () => {
  for (const [name, document] of Object.entries(given.credentials)) {
    test(`verifies ${name}`, async () => {
      const outcome = await verify(structuredClone(document))
      assert.equal(outcome.verified, true, String(outcome.error))
    })

    test(`refuses ${name} when it was changed`, async () => {
      const changed = structuredClone(document)
      changed.credentialSubject.id = 'did:example:eve'
      const outcome = await verify(changed)
      assert.equal(outcome.verified, false)
    })
  }
})

describe('credentials of others', () => {
  for (const [name, cryptosuite] of Object.entries(SIGNING)) {
    test(`signs with ${name}`, async () => {
      const key = await multikey.generate()
      const did = `did:key:${key.publicKeyMultibase}`
      key.id = `${did}#${key.publicKeyMultibase}`
      key.controller = did
      const document = { ...structuredClone(given.unsigned), issuer: did }
      const suite = new DataIntegrityProof({ signer: key.signer(), cryptosuite })
      const purpose = new AssertionProofPurpose()
      signed.push(await jsigs.sign(document, { suite, purpose, documentLoader }))
    })
  }
})
