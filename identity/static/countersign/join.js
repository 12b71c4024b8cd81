// The page behind an invitation's link: registers this browser as the first device.

import { api, told } from './api.js'
import * as device from './device.js'
import * as store from './device_store.js'
import { hex, sha256, utf8 } from './encoding.js'
import { importOneTimeKey } from './p256.js'
import { requireKnown } from './server_keys.js'

const main = document.querySelector('[data-join]')
const form = main.querySelector('form')
const place = main.querySelector('[data-told]')

const say = (text) => {
  place.textContent = text
  place.hidden = text === ''
}

const part = (name) => main.querySelector(`[data-${name}]`)

/** The invitation in the address, which then shows it no more. */
function taken() {
  const fragment = globalThis.location.hash.slice(1)
  globalThis.history.replaceState(null, '', globalThis.location.pathname)
  try {
    return device.readLink(fragment)
  } catch {
    return null
  }
}

/** Whether the key in the link vouches for the scope and the keys that the server tells. */
const isKnown = (offer, invitation) =>
  requireKnown(offer, invitation.serverKey).then(
    () => true,
    () => false,
  )

function show(offer) {
  part('scope').textContent = offer.scope_name
  part('address').textContent = offer.address
  part('inviter').textContent = offer.inviter || 'an operator of this server'
  part('expiry').textContent = `${offer.expires_at.slice(0, 16).replace('T', ' ')} UTC`
  part('password').hidden = !offer.is_password_needed
  form.elements.password.required = offer.is_password_needed
  part('offer').hidden = false
  form.elements.name.focus()
}

const JOINING = 'joining'

/** New keys, or those that were made for this invitation before: an answer may have been lost. */
async function keysFor(invitation, offer) {
  const digest = hex(await sha256(utf8(invitation.inviteString)))
  const kept = await store.find(offer.scope, JOINING)
  if (kept?.invitation === digest) return kept
  const keys = { ...(await device.makeKeys()), invitation: digest }
  await store.keep(offer.scope, JOINING, keys)
  return keys
}

async function joined(invitation, offer, keys) {
  const name = form.elements.name.value
  const password = offer.is_password_needed ? form.elements.password.value : ''
  const { inviteString } = invitation
  const oneTimeKey = await importOneTimeKey(invitation.oneTimeKey)
  const asked = { scope: offer.scope, inviteString, oneTimeKey, name, password, keys }
  const answer = await device.accept(server, asked)
  const { signatureKey } = await device.publicKeys(keys)
  part('offer').hidden = true
  part('code').textContent = (await device.checkCode(signatureKey)).replace(/(....)/, '$1 ')
  if (answer.isPending) {
    part('waiting').hidden = false
  } else {
    const { signature, encryption } = keys
    const kept = { signature, encryption, name, device: answer.content.device, isWaiting: false }
    await store.keep(offer.scope, answer.content.user, kept)
    await store.forget(offer.scope, JOINING)
    part('done').hidden = false
  }
  part('compare').hidden = false
  say('')
}

const server = api(main.dataset.api)

async function start() {
  const invitation = taken()
  const obstacle = device.obstacle()
  if (obstacle || !invitation) {
    say(obstacle || 'This address holds no invitation. Open the whole link that you were given, or scan it again.')
    return
  }
  try {
    const { content } = await server.post('/invitations/lookup', { invite_string: invitation.inviteString })
    if (!(await isKnown(content, invitation))) {
      say(
        'The server that answers does not hold the key in your link. Open the link again; if this stays so, ask whoever invited you for a new one.',
      )
      return
    }
    const keys = await keysFor(invitation, content)
    show(content)
    say('')
    form.addEventListener('submit', async (event) => {
      event.preventDefault()
      const button = form.querySelector('button')
      button.disabled = true
      say('Registering this browser…')
      try {
        await joined(invitation, content, keys)
      } catch (error) {
        say(told(error))
      } finally {
        button.disabled = false
      }
    })
    main.dataset.state = 'ready'
  } catch (error) {
    say(told(error))
  }
}

start()
