// The moving parts of the frame: navigation on small screens and the choice of light or dark.
document.addEventListener("alpine:init", () => {
  Alpine.data("frame", () => ({
    isOpen: false,
    open() {
      this.isOpen = true
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
