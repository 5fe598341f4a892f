/*
An appointment is dragged to another time, and among columns of people to somebody else. Nothing changes by that: the page that asks
first is opened. Where nothing can be dropped, it is said why.
*/
"use strict";

(() => {
  let dragged = null, under = null;
  const mark = (found) => {
    document.querySelectorAll(".cal-over").forEach((old) => old.classList.toggle("cal-over", old === found));
    found?.classList.add("cal-over");
  };
  const prepare = () => {
    document.querySelectorAll("[data-move]").forEach((visit) => { visit.draggable = true; });
    document.querySelectorAll(".cal-hint").forEach((hint) => { hint.hidden = !matchMedia("(pointer: fine)").matches; });
  };
  const asked = (found) => {
    const url = new URL(dragged.dataset.move, location.href), { lane } = dragged.dataset;
    url.searchParams.set("start", found.dataset.drop);
    if (found.dataset.lane !== lane) {
      url.searchParams.set("of", lane);
      url.searchParams.set("to", found.dataset.lane);
    }
    return url;
  };
  const words = (entry, name) => entry.querySelector(name)?.textContent.trim().replace(/^, /, "") ?? "";
  const within = (text) => text.charAt(0).toLocaleLowerCase() + text.slice(1); // a sentence
  const refuse = (entry) => {
    if (!entry || entry === dragged) return;
    const { refused, short } = document.getElementById("calendar").dataset, toast = document.createElement("p");
    const what = [words(entry, ".tl-text, strong"), within(words(entry, ".tl-time"))].filter(Boolean).join(", ");
    toast.className = "toast";
    toast.textContent = entry.matches(".tl-free") ? short : refused.replace("%s", () => what);
    document.getElementById("toasts").replaceChildren(toast);
  };

  document.addEventListener("dragstart", (event) => {
    const visit = event.target.closest?.("[data-move]");
    if (!visit) return;
    dragged = visit;
    document.getElementById("toasts").replaceChildren();
    visit.classList.add("cal-dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", visit.querySelector("strong").textContent);
  });
  document.addEventListener("dragover", (event) => {
    if (!dragged) return;
    const found = event.target.closest?.("[data-drop]");
    under = event.target.closest?.(".tl-column > ol > li");
    mark(found);
    if (found) event.preventDefault(); // a place to drop on
  });
  document.addEventListener("drop", (event) => {
    const found = dragged && event.target.closest?.("[data-drop]");
    if (!found) return;
    event.preventDefault();
    location.assign(asked(found));
  });
  document.addEventListener("dragend", (event) => {
    if (event.dataTransfer.dropEffect === "none") refuse(under);
    dragged?.classList.remove("cal-dragged");
    dragged = under = null;
    mark(null);
  });
  // A half hour that was chosen far down a day is read from its beginning.
  const show = () => {
    const title = document.getElementById("moment-title");
    const { top, bottom } = title?.getBoundingClientRect() ?? { top: 0, bottom: 0 };
    if (top < 0 || bottom > innerHeight) title.scrollIntoView({ block: "start" });
  };

  document.addEventListener("htmx:afterSettle", () => { prepare(); show(); });
  prepare();
})();
