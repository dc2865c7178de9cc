// Keeps the rows of a page up to date; views/rows.py tells the protocol. The bar comes from components/_live.html.
// Asks only while something on the page is active and the tab can be seen. What cannot be asked stays as it is, and says so.
(() => {
  const bar = document.querySelector("[data-live]");
  if (!bar) return;
  const part = (name) => document.querySelector(`[data-live-${name}]`);
  const [age, pauseButton, pauseWord, notice] = ["age", "pause", "pause-word", "notice"].map(part);
  const MOST_ROWS = 200;
  const SLOWEST = 30;
  const GONE = 286;

  let active = bar.dataset.live === "on";
  let paused = false;
  let failures = 0;
  let updated = Date.now();
  let timer;

  // What the page shows --------------------------------------------------------------------------------------------

  const first = (selector) => document.querySelector(selector)?.dataset ?? {};

  const versions = () => {
    const found = new Map();
    for (const { dataset } of document.querySelectorAll("[data-job][data-version]")) found.set(dataset.job, dataset.version);
    return [...found].slice(0, MOST_ROWS);
  };

  const question = () => {
    const rows = versions();
    const { newest, newer } = first("[data-newest]");
    const { liveToken: token } = first("[data-live-token]");
    const asked = { ids: rows.map(([id]) => id).join(), since: rows.map(([, version]) => version).join(), newest, newer, token };
    return Object.entries(asked).filter(([, value]) => value !== undefined && value !== "");
  };

  // When to ask ----------------------------------------------------------------------------------------------------

  const ask = () => {
    clearTimeout(timer);
    if (question().length) htmx.trigger(bar, "live:ask");
    else location.reload(); // nothing is listed that could change: what there is may be new
  };

  const pause = () => (failures ? Math.min(SLOWEST, 2 ** failures) : Number(bar.dataset.every));

  const schedule = () => {
    clearTimeout(timer);
    if ((active || failures) && !paused && !document.hidden) timer = setTimeout(ask, pause() * 1000);
  };

  // What it says ---------------------------------------------------------------------------------------------------

  const ago = (seconds) => {
    if (seconds < 2) return "just now";
    return seconds < 60 ? `${seconds} s ago` : `${Math.floor(seconds / 60)} min ago`;
  };

  const length = (seconds) => {
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    if (hours) return `${hours} h ${minutes} min`;
    if (minutes) return `${minutes} min ${seconds % 60} s`;
    return seconds > 0 ? `${seconds} s` : "under 1 s";
  };

  const say = (text) => {
    if (notice.textContent !== text) notice.textContent = text; // a screen reader reads every change
  };

  const show = () => {
    const state = paused ? "Paused, updated" : "Updated";
    age.textContent = `${state} ${ago(Math.floor((Date.now() - updated) / 1000))}`;
    bar.classList.toggle("is-paused", paused);
    bar.classList.toggle("is-lost", failures > 0);
    if (!active && document.activeElement === pauseButton) part("now").focus();
    pauseButton.hidden = !active;
    pauseWord.textContent = paused ? "Go on" : "Pause";
    for (const clock of document.querySelectorAll("[data-elapsed]")) {
      clock.started ??= Date.now() - Number(clock.dataset.elapsed) * 1000;
      clock.textContent = length(Math.floor((Date.now() - clock.started) / 1000));
    }
  };

  // What came of it ------------------------------------------------------------------------------------------------

  const succeed = (status) => {
    if (failures) say("");
    failures = 0;
    updated = Date.now();
    active = status !== GONE;
  };

  const fail = (status) => {
    failures += 1;
    const cause = status ? "The portal cannot answer right now" : "Connection lost";
    const clock = new Date(updated).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
    say(`${cause}: you see what it was at ${clock}. Trying again by itself.`);
  };

  const giveUp = () => {
    active = false;
    failures = 0;
    say("This page can no longer be updated by itself: reload it.");
  };

  bar.addEventListener("htmx:configRequest", ({ detail }) => {
    for (const [name, value] of question()) detail.parameters[name] = value;
    const { liveStandstill: standstill } = first("[data-live-standstill]");
    if (standstill) detail.parameters.standstill = standstill;
  });
  bar.addEventListener("htmx:afterRequest", ({ detail: { xhr } }) => {
    if (xhr.getResponseHeader("HX-Redirect")) return; // the session has ended, and htmx goes to the login page
    if (xhr.status >= 200 && xhr.status < 300) succeed(xhr.status);
    else if (xhr.status >= 400 && xhr.status < 500) giveUp();
    else fail(xhr.status);
    show();
    schedule();
  });
  pauseButton.addEventListener("click", () => {
    paused = !paused;
    show();
    if (paused) clearTimeout(timer);
    else ask();
  });
  part("now").addEventListener("click", ask);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else if (!paused && (active || failures)) ask();
  });
  window.addEventListener("pageshow", ({ persisted }) => persisted && ask()); // out of the browser's history
  setInterval(show, 1000);

  part("plain").hidden = true;
  bar.hidden = false;
  show();
  schedule();
})();
