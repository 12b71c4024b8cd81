// Sets light or dark before the first paint, so that a page never flashes in the wrong one.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)")

  const chosen = () => {
    try {
      const name = localStorage.getItem("countersign-theme")
      return name === "light" || name === "dark" ? name : "system"
    } catch {
      return "system"
    }
  }

  const apply = () => {
    const name = chosen()
    const isDark = name === "dark" || (name === "system" && system.matches)
    document.documentElement.classList.toggle("dark", isDark)
  }

  const choose = (name) => {
    try {
      if (name === "system") localStorage.removeItem("countersign-theme")
      else localStorage.setItem("countersign-theme", name)
    } catch {
      // Without storage the choice lasts as long as the page.
      document.documentElement.classList.toggle("dark", name === "dark")
      return
    }
    apply()
  }

  apply()
  system.addEventListener("change", apply)
  addEventListener("storage", apply)
  window.countersignTheme = { chosen, choose }
})()
