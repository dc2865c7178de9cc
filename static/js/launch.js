// Counts the stores while one types; the server decides.
(() => {
  const line = document.querySelector("[data-count-of]");
  const field = line && document.getElementById(line.dataset.countOf);
  if (!field) return;
  const count = () => {
    const ids = field.value.split(/[\s,;]+/).filter(Boolean);
    const stores = new Set(ids).size;
    const twice = ids.length - stores;
    const words = [`${stores} ${stores === 1 ? "store" : "stores"}`];
    if (twice) words.push(`${twice} named twice and counted once`);
    line.textContent = ids.length ? words.join(", ") : "";
  };
  field.addEventListener("input", count);
  count();
})();
