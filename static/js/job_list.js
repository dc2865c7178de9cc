// Ticking clones: all on this page at once, a range with Shift, and how many there are. The form works without it.
(() => {
  const form = document.getElementById("selection");
  if (!form) return;
  const boxes = [...document.querySelectorAll("[data-pick]")];
  const all = document.querySelector("[data-pick-all]");
  const matching = form.querySelector("[data-pick-matching]");
  const count = form.querySelector("[data-pick-count]");
  let last;

  const show = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    const any = ticked > 0 || Boolean(matching?.checked);
    all.checked = boxes.length > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && !all.checked;
    count.textContent = matching?.checked ? "With all that match:" : `With ${ticked} selected:`;
    form.classList.toggle("is-idle", !any); // on a phone there is no room for it until it is of use
    for (const button of form.querySelectorAll("[data-pick-act]")) button.disabled = !any;
  };

  // From the box that was changed last up to this one.
  const tickRange = (box) => {
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
    if (from >= 0) for (const between of boxes.slice(from, to)) between.checked = box.checked;
  };

  document.addEventListener("click", ({ target, shiftKey }) => {
    if (!target.matches?.("[data-pick]")) return;
    if (shiftKey && last) tickRange(target);
    last = target;
  });
  document.addEventListener("change", ({ target }) => {
    if (target === all) for (const box of boxes) box.checked = all.checked;
    if (target === all || target === matching || boxes.includes(target)) show();
  });
  window.addEventListener("pageshow", show); // the browser ticks them again after going back
  all.hidden = false;
  show();
})();
