// Forms that a passkey fills in. `data-passkey` is "make" or "use", `data-options` where the server
// hands out options; `data-copies` names fields of the form `data-of` that go with it. What stands
// in the place of such a form, for browsers that can't, is marked `data-no-passkey`.

import * as ceremony from './passkey_ceremony.js'

const PATIENCE = 50_000 // a challenge is good for a minute
const MOST_OFFERS = 20

class Refused extends Error {}

const forms = [...document.querySelectorAll('form[data-passkey]')]
let offering = null

function say(form, words) {
  const place = form.querySelector('[data-told]')
  place.textContent = words
  place.hidden = words === ''
}

/** Options for a ceremony, of the fields that the form has. */
async function begun(form, fields) {
  const sent = { method: 'POST', body: fields, credentials: 'same-origin', redirect: 'error' }
  const answer = await fetch(form.dataset.options, { ...sent, headers: { Accept: 'application/json' } })
  const said = await answer.json().catch(() => ({}))
  if (!answer.ok) throw new Refused(said.title ?? 'This page is too old. Load it again and repeat it.')
  return said
}

function send(form, { challenge_id }, credential) {
  form.elements.challenge_id.value = challenge_id
  form.elements.credential.value = JSON.stringify(credential)
  form.submit()
}

function copy(form) {
  const from = document.getElementById(form.dataset.of ?? '')
  for (const name of (form.dataset.copies ?? '').split(' ').filter(Boolean)) {
    const field = form.elements[name] ?? form.appendChild(document.createElement('input'))
    Object.assign(field, { type: 'hidden', name, value: from?.elements[name]?.value ?? '' })
  }
}

async function asked(form, button) {
  const kind = form.dataset.passkey
  let given = null
  stop()
  copy(form)
  button.disabled = true
  say(form, 'Follow your browser.')
  try {
    const found = await begun(form, new URLSearchParams(new FormData(form)))
    given = found.public_key
    send(form, found, await ceremony[kind](given))
    return
  } catch (error) {
    if (error instanceof Refused) say(form, error.message)
    else if (error instanceof TypeError && /fetch/i.test(error.message)) {
      say(form, 'The server could not be reached. Check the connection and try again.')
    } else say(form, ceremony.told(error, kind, given))
  }
  button.disabled = false
  button.focus()
  offer()
}

function stop() {
  const was = offering
  offering = null
  was?.end()
}

/** Let the browser offer passkeys in the field of the user name, for as long as the page is seen. */
async function offer() {
  const form = forms.find((each) => 'offers' in each.dataset)
  if (!form || offering || !(await ceremony.isOffered())) return
  const mine = (offering = { end() {} })
  const fields = { csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value }
  for (let round = 0; round < MOST_OFFERS && !document.hidden; round++) {
    const waiting = new AbortController()
    let isLate = false
    mine.end = () => waiting.abort()
    const timer = setTimeout(() => {
      isLate = true
      waiting.abort()
    }, PATIENCE)
    try {
      const found = await begun(form, new URLSearchParams(fields))
      if (offering !== mine) return
      send(form, found, await ceremony.use(found.public_key, waiting.signal, 'conditional'))
      return
    } catch {
      // Nobody asked for it, so nothing is told; only what waited too long is begun anew.
      if (!isLate) break
    } finally {
      clearTimeout(timer)
    }
  }
  if (offering === mine) offering = null
}

for (const form of forms) {
  form.closest('[data-with-passkey]')?.removeAttribute('hidden')
  const button = form.querySelector('button')
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    asked(form, button)
  })
}

if (ceremony.isPossible()) {
  for (const each of document.querySelectorAll('[data-no-passkey]')) each.hidden = true
  offer()
} else {
  for (const each of document.querySelectorAll('[data-with-passkey]')) each.hidden = true
}

// A page that comes back from the browser's memory can be used again.
globalThis.addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return
  for (const form of forms) {
    form.querySelector('button').disabled = false
    say(form, '')
  }
  offer()
})
globalThis.addEventListener('visibilitychange', () => {
  if (!document.hidden && offering === null) offer()
})
