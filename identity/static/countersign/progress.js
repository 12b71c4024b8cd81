// Shows how far a piece of work is, and loads the page again when it has ended.

const EVERY = 1000

const section = document.querySelector("[data-progress]")

async function look() {
  const answer = await fetch(section.dataset.progress, { headers: { Accept: "application/json" } })
  if (!answer.ok || answer.redirected) throw new Error(`status ${answer.status}`)
  const { done, lines, is_busy: isBusy } = await answer.json()
  section.querySelector("[data-progress-done]").textContent = String(done)
  const bar = section.querySelector("progress")
  bar.max = lines
  bar.value = done
  return isBusy
}

async function watch() {
  try {
    if (await look()) setTimeout(watch, EVERY)
    else window.location.reload()
  } catch {
    // The server or the session is gone: the page itself says so when it is loaded again.
    setTimeout(() => window.location.reload(), 5 * EVERY)
  }
}

if (section !== null) setTimeout(watch, EVERY)
