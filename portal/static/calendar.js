/* An appointment is dragged to another time. Nothing moves by that: the page that asks before a move is opened. */
"use strict";

(() => {
  let dragged = null;
  // Where there are columns of people, each has a lane of its own.
  const place = (event) => {
    const found = dragged ? event.target.closest?.("[data-drop]") : null;
    return found?.dataset.lane === dragged?.dataset.lane ? found : null;
  };
  const mark = (found) => {
    document.querySelectorAll(".cal-over").forEach((old) => old.classList.toggle("cal-over", old === found));
    found?.classList.add("cal-over");
  };
  const prepare = () => {
    document.querySelectorAll("[data-move]").forEach((visit) => { visit.draggable = true; });
    document.querySelectorAll(".cal-hint").forEach((hint) => { hint.hidden = !matchMedia("(pointer: fine)").matches; });
  };

  document.addEventListener("dragstart", (event) => {
    const visit = event.target.closest?.("[data-move]");
    if (!visit) return;
    dragged = visit;
    visit.classList.add("cal-dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", visit.querySelector("a").textContent);
  });
  document.addEventListener("dragover", (event) => {
    const found = place(event);
    mark(found);
    if (found) event.preventDefault(); // a place to drop on
  });
  document.addEventListener("drop", (event) => {
    const found = place(event);
    if (!found) return;
    event.preventDefault();
    location.assign(`${dragged.dataset.move}?start=${encodeURIComponent(found.dataset.drop)}`);
  });
  document.addEventListener("dragend", () => {
    dragged?.classList.remove("cal-dragged");
    dragged = null;
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
