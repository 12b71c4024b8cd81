// The page of one's own devices: registers this browser.

import { api, told } from './api.js'
import * as device from './device.js'
import * as store from './device_store.js'

const form = document.querySelector('form[data-register]')
const place = document.querySelector('[data-told]')

function say(text, link) {
  place.textContent = text
  place.hidden = text === ''
  if (link) {
    const anchor = document.createElement('a')
    anchor.href = link.url
    anchor.textContent = link.text
    place.append(' ', anchor)
  }
}

/** Whether this browser is one of the listed devices, once what was waited for has been decided. */
async function recognised() {
  const { scope, user } = form.dataset
  // An invitation that waited for approval left its keys here before it knew whose they are.
  const kept = (await store.find(scope, user)) ?? (await store.find(scope, 'joining'))
  if (!kept) return false
  const { signatureKey } = await device.publicKeys(kept)
  const row = document.querySelector(`[data-signature-key="${signatureKey}"]`)
  if (!row) return kept.isWaiting ? 'waiting' : false
  if (kept.device !== row.dataset.device) {
    const { signature, encryption, name } = kept
    const found = { signature, encryption, name, device: row.dataset.device, isWaiting: false }
    await store.keep(scope, user, found)
  }
  row.querySelector('[data-this]').hidden = false
  return row.dataset.status === 'active'
}

async function registered(name) {
  const { scope, user, next } = form.dataset
  const server = api(form.dataset.api, form.elements.csrfmiddlewaretoken.value)
  const keys = await device.makeKeys()
  // Kept before they are sent: a lost answer loses no keys.
  await store.keep(scope, user, { ...keys, name, device: null, isWaiting: true })
  const { content, isPending } = await device.register(server, { scope, user, name, keys })
  if (isPending) {
    const url = form.dataset.proposal.replace('00000000-0000-0000-0000-000000000000', content.proposal.id)
    form.hidden = true
    say('This waits for a second person.', { url, text: 'See the proposal.' })
    return
  }
  await store.keep(scope, user, { ...keys, name, device: content.id, isWaiting: false })
  if (next) globalThis.location.assign(next)
  else globalThis.location.reload()
}

async function submitted(event) {
  event.preventDefault()
  const button = form.querySelector('button')
  button.disabled = true
  say('Making keys…')
  try {
    await registered(form.elements.name.value)
  } catch (error) {
    if (error.code === 'session.reauthentication-needed') {
      say('You signed in a while ago.', { url: form.dataset.reauthenticate, text: 'Show that it is you.' })
    } else {
      say(told(error))
    }
  } finally {
    button.disabled = false
  }
}

async function start() {
  const obstacle = device.obstacle()
  const state = obstacle ? false : await recognised()
  form.hidden = Boolean(obstacle) || state !== false
  if (obstacle) say(obstacle)
  else if (state === 'waiting') say('The registration of this browser waits for a second person, or was refused.')
  form.addEventListener('submit', submitted)
  document.querySelector('[data-anew]')?.addEventListener('click', () => (form.hidden = false))
}

if (form) start()
