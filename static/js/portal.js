// Small comforts that every page has. Nothing here is needed: each page works without it.

// The server writes times in this zone unless the person chose another one.
document.cookie = `zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}; path=/; max-age=31536000; samesite=lax`;

// On a phone the menu is a strip that scrolls sideways: where one is, is in view.
const here = document.querySelector(".portal-nav [aria-current=page]");
if (here) {
  const strip = here.closest(".portal-nav");
  const [place, room] = [here, strip].map((part) => part.getBoundingClientRect());
  strip.scrollLeft += place.left - room.left - (room.width - place.width) / 2;
}

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
  button.dataset.label ??= button.getAttribute("aria-label"); // a second click finds "Copied" there
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.setAttribute("aria-label", "Copied");
    button.classList.add("copied");
  } catch {
    button.setAttribute("aria-label", "Could not copy");
  }
  setTimeout(() => {
    button.setAttribute("aria-label", button.dataset.label);
    button.classList.remove("copied");
  }, 2000);
});

// "3 minutes ago" grows older while the page is open (templatetags/portal.py writes it); not where a screen reader
// reads every change.
const SPANS = [[3600, "an hour", "hours"], [60, "a minute", "minutes"], [1, "a second", "seconds"]];
const age = (seconds) => {
  const [size, one, many] = SPANS.find(([length]) => Math.abs(seconds) >= length) ?? [];
  if (!size) return "just now";
  const count = Math.floor(Math.abs(seconds) / size);
  return `${count === 1 ? one : `${count}\u00a0${many}`} ${seconds < 0 ? "from now" : "ago"}`;
};
const growOlder = () => {
  for (const time of document.querySelectorAll("time[data-ago]:not([role=status] *)")) {
    time.began ??= Date.now() - Number(time.dataset.ago) * 1000;
    const text = age(Math.trunc((Date.now() - time.began) / 1000));
    if (time.textContent !== text) time.textContent = text; // else somebody may have marked it
  }
};
growOlder();
document.addEventListener("htmx:load", growOlder);
setInterval(growOlder, 5000);

// What is unfolded stays unfolded when htmx swaps what is around it: a question must not vanish while it is read.
document.addEventListener("htmx:oobBeforeSwap", ({ detail: { target, fragment } }) => {
  for (const { id } of target.querySelectorAll("details[open][id]")) {
    fragment.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  }
});

// Where a swap takes what has the focus, another element has it: <a id="next" data-focus-next="previous"> names it, else
// it is the part of the page around it, <section id="…" tabindex="-1">, which a screen reader then reads.
let focusNext = "";
document.addEventListener("htmx:beforeSwap", () => {
  const { dataset, parentElement } = document.activeElement;
  focusNext = dataset.focusNext ?? parentElement?.closest("section[tabindex]")?.id ?? "";
});
document.addEventListener("htmx:afterSettle", () => {
  if (document.activeElement === document.body) document.getElementById(focusNext)?.focus();
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
