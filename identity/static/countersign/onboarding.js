// Keeps a page about an onboarding as it is now, and loads it again when nothing more will happen.

const AGAIN = 5

const section = document.querySelector("[data-onboarding]")

// What is read out is written only if it says something else: a reader hears no repetition.
function write(place, text) {
  if (place !== null && place.textContent !== text) place.textContent = text
}

function mark(place, word, tone) {
  const badge = place.querySelector(".badge")
  write(badge, word)
  badge.className = `badge ${tone}`.trim()
}

function showStep(step) {
  const row = document.querySelector(`[data-step="${Number(step.number)}"]`)
  if (row === null) return
  mark(row.querySelector("[data-step-state]"), step.state, step.tone)
  for (const name of ["attempts", "began", "ended"]) {
    write(row.querySelector(`[data-step-${name}]`), step[name])
  }
}

function show(told) {
  mark(section.querySelector("[data-state]"), told.state, told.tone)
  write(section.querySelector("[data-done]"), String(told.done))
  write(section.querySelector("[data-told]"), told.told)
  const bar = section.querySelector("progress")
  bar.max = told.lines
  bar.value = told.done
  for (const step of told.steps ?? []) showStep(step)
}

async function look() {
  const answer = await fetch(section.dataset.onboarding, { headers: { Accept: "application/json" } })
  // The session or the right to look is over: the page itself says so when it is loaded again.
  if (answer.redirected || [401, 403, 404].includes(answer.status)) return null
  if (!answer.ok) throw new Error(`status ${answer.status}`)
  return answer.json()
}

async function watch() {
  let seconds = AGAIN
  try {
    const told = await look()
    if (told === null || !told.is_busy) {
      window.location.reload()
      return
    }
    show(told)
    seconds = told.seconds
  } catch {
    write(section.querySelector("[data-told]"), "The server does not answer. This page asks again.")
  }
  setTimeout(watch, seconds * 1000)
}

if (section !== null) setTimeout(watch, Number(section.dataset.seconds) * 1000)
