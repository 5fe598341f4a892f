/* Inside a frame of another site's page: that page is told how high this one is, and what should be in sight. */
"use strict";
{
  const allowed = document.querySelector("meta[name=embed-origins]").content.split(" ");
  let host = ""; // nobody is told anything before a page of an allowed origin has asked

  const tell = (more) => {
    if (!host) return;
    const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
    parent.postMessage({ creneau: "shown", height, title: document.title, ...more }, host);
  };

  document.getElementById("errors")?.focus(); // browsers heed no autofocus in a frame of another site

  addEventListener("message", (event) => {
    if (event.source !== parent || !allowed.includes(event.origin) || event.data?.creneau !== "hello") return;
    host = event.origin;
    tell(event.data.again ? { look: 0 } : {});
  });
  new ResizeObserver(() => tell()).observe(document.documentElement);

  // A day that was chosen: its slots stand below the month on a phone, and the frame itself has nothing to scroll.
  document.addEventListener("htmx:afterSettle", (event) => {
    const heading = event.target.querySelector?.("[data-said]");
    if (heading && heading.closest("#pick") !== event.target) tell({ look: heading.getBoundingClientRect().top });
  });
}
