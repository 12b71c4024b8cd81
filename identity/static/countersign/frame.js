// The moving parts of the frame: navigation on small screens and the choice of light or dark.

// The list of pages scrolls by itself: the one that is open is brought into view.
function showCurrent() {
  const entry = document.querySelector(".navigation a[aria-current]")
  if (!entry) return
  const list = entry.closest(".navigation")
  const [seen, wanted] = [list, entry].map((each) => each.getBoundingClientRect())
  if (wanted.top >= seen.top && wanted.bottom <= seen.bottom) return
  list.scrollTop += wanted.top - seen.top - (seen.height - wanted.height) / 2
}

showCurrent()

document.addEventListener("alpine:init", () => {
  Alpine.data("frame", () => ({
    isOpen: false,
    open() {
      this.isOpen = true
      showCurrent()
      this.$nextTick(() => this.$refs.close.focus())
    },
    close() {
      if (!this.isOpen) return
      this.isOpen = false
      this.$nextTick(() => this.$refs.opener.focus())
    },
  }))

  Alpine.data("theme", () => ({
    chosen: window.countersignTheme.chosen(),
    choose(name) {
      this.chosen = name
      window.countersignTheme.choose(name)
    },
  }))
})
