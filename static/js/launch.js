// Counts the stores while one types; the server decides.
(() => {
  const line = document.querySelector("[data-count-of]");
  const field = line && document.getElementById(line.dataset.countOf);
  if (!field) return;
  const count = () => {
    const typed = field.value.split(/[\s,;]+/).filter(Boolean);
    const once = [...new Set(typed)];
    const stores = once.filter((text) => /^[1-9][0-9]{0,18}$/.test(text)).length;
    const wrong = once.length - stores;
    const twice = typed.length - once.length;
    const words = [`${stores} ${stores === 1 ? "store" : "stores"}`];
    if (wrong) words.push(`${wrong} ${wrong === 1 ? "is no store ID" : "are no store IDs"}`);
    if (twice) words.push(`${twice} named twice and counted once`);
    const text = typed.length ? words.join(", ") : "";
    if (line.textContent !== text) line.textContent = text; // a screen reader reads every change
  };
  field.addEventListener("input", count);
  count();
})();
