// Copy buttons: <button data-copy="text"> copies its text, <button data-copy-from="id"> what the
// element of that id shows or holds.

const SHOWN_FOR = 2000

function textOf(button) {
  if (button.dataset.copyFrom === undefined) return button.dataset.copy
  const source = document.getElementById(button.dataset.copyFrom)
  return "value" in source ? source.value : source.textContent
}

async function write(text) {
  if (navigator.clipboard !== undefined) {
    await navigator.clipboard.writeText(text)
    return
  }
  // Pages without a secure context have no clipboard API.
  const field = document.createElement("textarea")
  field.value = text
  field.className = "off-screen"
  document.body.append(field)
  field.select()
  const isDone = document.execCommand("copy")
  field.remove()
  if (!isDone) throw new Error("the browser refused to copy")
}

function say(button, words) {
  const label = button.querySelector("[data-copy-label]")
  const before = label.dataset.before ?? label.textContent
  label.dataset.before = before
  label.textContent = words
  button.classList.add("is-told")
  document.getElementById("announcer")?.replaceChildren(words)
  clearTimeout(Number(button.dataset.timer))
  button.dataset.timer = setTimeout(() => {
    label.textContent = before
    button.classList.remove("is-told")
  }, SHOWN_FOR)
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy], button[data-copy-from]")
  if (button === null) return
  try {
    await write(textOf(button))
    say(button, "Copied")
  } catch {
    say(button, "Not copied")
  }
})
