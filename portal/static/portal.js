/* What pages gain where scripts run. Everything works without this file. */
"use strict";

// A day chosen in the month stays marked: only the slots beside it are fetched again.
document.addEventListener("htmx:afterRequest", (event) => {
  const link = event.target.closest?.(".month a");
  if (!link || !event.detail.successful) return;
  link.closest("table").querySelectorAll("[aria-current=true]").forEach((old) => old.removeAttribute("aria-current"));
  link.setAttribute("aria-current", "true");
});

// A form is sent once: the second click of a double click waits for the page that comes.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

// For htmx a button that merely has the focus is part of what its form sends. A count that starts by itself, while
// somebody tabs past "Clear", must press nothing.
document.addEventListener("htmx:configRequest", (event) => {
  const { elt, formData } = event.detail;
  if (elt.tagName === "FORM") elt.querySelectorAll("button[name]").forEach((button) => formData.delete(button.name));
});

// What was refused is read first: focus goes to the summary of errors, or to the heading of what has changed.
// What changed beside the focus is said, and on a phone brought into sight.
document.addEventListener("htmx:afterSettle", (event) => {
  const first = event.target.querySelector?.("#errors, [data-focus]");
  first?.focus();
  first?.removeAttribute("data-focus"); // once: a count that arrives later leaves the cursor where it is by then
  const heading = event.target.querySelector?.("[data-said]");
  if (!heading || heading.closest("#pick") === event.target) return;
  document.getElementById("said").textContent = heading.textContent;
  if (heading.getBoundingClientRect().top > innerHeight * 0.6) heading.scrollIntoView({ block: "start" });
});

// A small window closes on Escape and on a click elsewhere.
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.querySelector("details.pop[open]");
  if (open) { open.open = false; open.querySelector("summary").focus(); }
});
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.pop[open]").forEach((pop) => { if (!pop.contains(event.target)) pop.open = false; });
});

// On a phone, the pages of a group stand in one row: the one that is shown is brought into sight.
document.querySelectorAll(".rooms [aria-current]").forEach((here) => {
  const row = here.closest("ul");
  row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
});

// On a phone, days of the week that hold nothing to correct begin folded.
if (matchMedia("(width < 40em)").matches) {
  document.querySelectorAll("details.day[data-unchanged]").forEach((day) => { day.open = false; });
}

// A visitor whose clock shows another time than the site's is offered both.
const offerOwnTime = () => {
  const offer = document.querySelector("[data-zone]");
  if (!offer) return;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const now = new Date();
  const read = (timeZone) => now.toLocaleString("en", { timeZone });
  if (!zone || read(zone) === read(offer.dataset.zone)) return;
  const here = new URL(location.href);
  here.searchParams.set("tz", zone);
  offer.querySelector("a").href = here.href;
  offer.hidden = false;
};
document.addEventListener("htmx:afterSettle", offerOwnTime);
offerOwnTime();
