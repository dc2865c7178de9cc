// Small comforts that every page has. Nothing here is needed: each page works without it.

// The server writes times in this zone unless the person chose another one.
document.cookie = `zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}; path=/; max-age=31536000; samesite=lax`;

// A form with mistakes: the screen reader reads them, and the view is there.
document.querySelector("[data-focus]")?.focus();

// <button data-copy="text" hidden>: shown where the browser can copy.
const dressCopyButtons = (root) => {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
};
dressCopyButtons(document);
document.addEventListener("htmx:load", (event) => dressCopyButtons(event.target));
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const before = button.getAttribute("aria-label");
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.setAttribute("aria-label", "Copied");
    button.classList.add("copied");
  } catch {
    button.setAttribute("aria-label", "Could not copy");
  }
  setTimeout(() => {
    button.setAttribute("aria-label", before);
    button.classList.remove("copied");
  }, 2000);
});

// What is unfolded stays unfolded when htmx swaps what is around it: a question must not vanish while it is read.
document.addEventListener("htmx:oobBeforeSwap", ({ detail: { target, fragment } }) => {
  for (const { id } of target.querySelectorAll("details[open][id]")) {
    fragment.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  }
});

// A form that was sent is not sent twice by an impatient second click.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.submitter?.hasAttribute("data-again")) return; // data-again: a download, the page stays
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
});
