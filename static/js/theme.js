// Light or dark before the first paint: as the person chose, or as the device says.
(() => {
  const root = document.documentElement;
  const device = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const dark = root.dataset.theme === "auto" ? device.matches : root.dataset.theme === "dark";
    root.setAttribute("data-bs-theme", dark ? "dark" : "light");
  };
  apply();
  device.addEventListener("change", apply);
})();
