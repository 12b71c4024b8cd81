// The editor of access lists: numbers beside the lines, presets, and the meaning while one writes.
// Without this script the buttons do the same on the server.

const PAUSE = 300

const form = document.querySelector('form[data-acl]')
const text = form.querySelector('[data-acl-text]')
const numbers = form.querySelector('[data-acl-numbers]')
const state = form.querySelector('[data-acl-state]')
const reading = form.querySelector('[data-acl-reading]')
let waiting = 0
let latest = 0

function faultLine() {
  const fault = reading.querySelector('[data-acl-fault]')
  return fault === null ? 0 : Number(fault.dataset.aclFault)
}

function number() {
  const fault = faultLine()
  const lines = text.value.split('\n').length
  numbers.replaceChildren(
    ...Array.from({ length: lines }, (_, place) => {
      const line = document.createElement('div')
      line.textContent = String(place + 1)
      if (place + 1 === fault) line.className = 'is-fault'
      return line
    }),
  )
  numbers.scrollTop = text.scrollTop
}

function tell() {
  const fault = reading.querySelector('[data-acl-fault] p')
  const said = fault ?? reading.querySelector('p')
  state.textContent = said === null ? '' : said.textContent
  state.classList.toggle('is-bad', fault !== null)
  text.setAttribute('aria-invalid', String(fault !== null))
}

/** What was opened stays open. */
function replace(html) {
  const rooms = [...reading.querySelectorAll('[data-acl-room][open]')]
  const open = new Set(rooms.map((room) => room.dataset.aclRoom))
  const found = new DOMParser().parseFromString(html, 'text/html').body
  for (const room of found.querySelectorAll('[data-acl-room]')) {
    room.open = open.has(room.dataset.aclRoom)
  }
  reading.replaceChildren(...found.childNodes)
}

async function explain() {
  const turn = ++latest
  const body = new URLSearchParams({
    acl: text.value,
    csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value,
  })
  try {
    const answer = await fetch(form.dataset.acl, { method: 'POST', body, redirect: 'error' })
    if (!answer.ok) throw new Error(`status ${answer.status}`)
    const html = await answer.text()
    if (turn !== latest) return
    replace(html)
    tell()
  } catch {
    if (turn !== latest) return
    state.textContent = 'It could not be checked just now. Saving checks it, too.'
  }
  number()
}

function changed() {
  number()
  clearTimeout(waiting)
  waiting = setTimeout(explain, PAUSE)
}

text.addEventListener('input', changed)
text.addEventListener('scroll', () => {
  numbers.scrollTop = text.scrollTop
})
for (const preset of form.querySelectorAll('[data-acl-preset]')) {
  preset.addEventListener('click', (event) => {
    event.preventDefault()
    text.value = preset.dataset.aclPreset
    text.focus()
    changed()
  })
}
form.querySelector('[data-acl-check]').addEventListener('click', (event) => {
  event.preventDefault()
  explain().then(() => reading.scrollIntoView({ block: 'nearest' }))
})
number()
