/* The day is read again every half minute while somebody looks at it; whoever works in it keeps their place. */
"use strict";

const EVERY = 30_000; // milliseconds
const SAID_FOR = 20_000; // milliseconds that a word about what was done stays
let readAt = Date.now();
let kept = { open: [], near: [] };

const day = () => document.getElementById("today");
const readAgain = () => {
  if (!day()?.hasAttribute("data-live") || document.hidden || Date.now() - readAt < EVERY) return;
  readAt = Date.now();
  htmx.trigger(day(), "refresh");
};
setInterval(readAgain, 1000);
document.addEventListener("visibilitychange", readAgain);

// Where the focus may go: where it is, else to the next line, else to the one before.
const nearby = () => {
  const active = document.activeElement;
  const line = day()?.contains(active) && active.closest("li");
  const links = [line?.nextElementSibling, line?.previousElementSibling].map((near) => near?.querySelector("a")?.id);
  return [active?.id, ...links].filter(Boolean);
};

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target !== day()) return;
  // A button that is being pressed this very moment must not be pulled away under the finger.
  if (day().querySelector("button:active, a:active, summary:active")) event.detail.shouldSwap = false;
  kept = { open: [...day().querySelectorAll("details[open]")].map((fold) => fold.id), near: day().contains(document.activeElement) ? nearby() : [] };
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "today") return;
  kept.open.forEach((id) => { const fold = document.getElementById(id); if (fold) fold.open = true; });
  const near = kept.near.map((id) => document.getElementById(id)).find(Boolean);
  if (near && document.activeElement !== near) near.focus({ preventScroll: true });
});

// What was said goes by itself, unless somebody is about to take it back.
let going;
document.addEventListener("htmx:oobAfterSwap", (event) => {
  if (event.detail.target.id !== "toasts") return;
  clearTimeout(going);
  going = setTimeout(() => {
    const said = document.getElementById("toasts");
    if (!said.matches(":hover, :focus-within")) said.replaceChildren();
  }, SAID_FOR);
});
