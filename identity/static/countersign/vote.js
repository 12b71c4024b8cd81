// The proposal's page: an approval or rejection is signed by this browser before it is sent.

import { api, Refused, told } from './api.js'
import { payloadOf, proposalHash, statement } from './cose.js'
import * as device from './device.js'
import * as store from './device_store.js'
import { base64, fromBase64, hex } from './encoding.js'

const DECISIONS = new Set(['approve', 'reject'])

function say(form, text, link) {
  const place = form.querySelector('[data-told]')
  place.textContent = text
  if (link) {
    const anchor = document.createElement('a')
    anchor.href = link.url
    anchor.textContent = link.text
    place.append(' ', anchor)
  }
  place.hidden = text === ''
}

/** Read the proposal anew, recompute its hash, and refuse if it is not the one that was shown. */
async function checked(server, asked) {
  const { content } = await server.get(`/proposals/${asked.proposal}`)
  const request = fromBase64(content.request)
  const recomputed = hex(
    await proposalHash({
      scope: asked.scope,
      proposal: asked.proposal,
      request,
      policy: content.policy_id,
      policyVersion: content.policy_version,
      reviewExpression: content.review_expression,
      expiresAt: Math.floor(Date.parse(content.expires_at) / 1000),
    }),
  )
  if (recomputed !== content.hash || recomputed !== asked.hash) {
    throw new Refused({ title: 'The hash of this page is not that of its content. Nothing was signed.' })
  }
  if (!asksFor(payloadOf(request), asked)) {
    throw new Refused({ title: 'The signed request asks for something else. Nothing was signed.' })
  }
  return recomputed
}

/** Two resources have a second name in requests of devices (docs/approvals.md). */
function asksFor(payload, asked) {
  const items = payload.action ? [payload] : [...(payload.batch ?? []), ...(payload.atomicBatch ?? [])]
  return items.some(({ action, resource, details }) => {
    const isProgram = resource === '/users/invite' && details?.user_category === 'api'
    const meant = isProgram ? '/users' : resource.replace('/key-register', '/authorize')
    return action === asked.action && meant === asked.resource
  })
}

async function vote(form, decision) {
  const asked = { ...form.dataset }
  const kept = await store.find(asked.scope, asked.user)
  if (!kept?.device) {
    say(form, 'This browser is no device of yours yet.', {
      url: asked.devices,
      text: 'Register it first, then come back.',
    })
    return
  }
  const reason = form.elements.reason.value
  const server = api(asked.api, form.elements.csrfmiddlewaretoken.value)
  const details = { proposal_hash: await checked(server, asked), ...(reason ? { reason } : {}) }
  const signed = await statement({
    action: decision,
    resource: `/proposals/${asked.proposal}`,
    details,
    device: kept.device,
    audience: asked.audience,
    key: kept.signature.privateKey,
  })
  const body = { decision, ...details, statement: base64(signed) }
  await server.post(`/proposals/${asked.proposal}/votes`, body)
  globalThis.location.reload()
}

function refused(form, error) {
  if (error.code === 'session.reauthentication-needed') {
    say(form, 'You signed in a while ago.', { url: form.dataset.reauthenticate, text: 'Show that it is you.' })
  } else if (error.code === 'envelope.unauthentic' || error.code === 'unauthenticated') {
    say(form, 'The server does not accept this browser as your device.', {
      url: form.dataset.devices,
      text: 'Look at your devices.',
    })
  } else {
    say(form, told(error))
  }
}

async function submitted(event) {
  const decision = event.submitter?.value
  const form = event.currentTarget
  if (!DECISIONS.has(decision)) return
  event.preventDefault()
  const buttons = form.querySelectorAll('button')
  buttons.forEach((button) => (button.disabled = true))
  say(form, 'Signing…')
  try {
    await vote(form, decision)
  } catch (error) {
    refused(form, error)
  } finally {
    buttons.forEach((button) => (button.disabled = false))
  }
}

async function start(form) {
  const obstacle = device.obstacle()
  if (obstacle) {
    say(form, obstacle)
    return
  }
  const kept = await store.find(form.dataset.scope, form.dataset.user)
  const hasFallback = form.dataset.attested === 'true'
  if (!kept?.device && hasFallback) return
  form.addEventListener('submit', submitted)
  if (!kept?.device) {
    say(form, 'This browser is no device of yours yet.', {
      url: form.dataset.devices,
      text: 'Register it first, then come back.',
    })
  }
}

const form = document.querySelector('form[data-proposal]')
if (form) start(form)
