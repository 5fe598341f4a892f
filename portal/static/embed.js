/*
Puts the booking pages into a page of the company's own site, right behind the tag that loads this file:
  <script src="https://rdv.example.com/embed.js" data-site="bordeaux" data-planning="quais" data-lang="fr"></script>
The portal decides which sites may do so (EMBED_ORIGINS).
*/
"use strict";
(() => {
  const script = document.currentScript;
  const { site, planning, service } = script.dataset;
  if (!site) return console.error("embed.js: data-site is missing");

  const passed = [
    "schedulingMode", "staff", "resource", "persons", "quantity", "iterations", "type", // of services
    "day", "email", "name", "phone", "lang", "tz",
  ];
  const asked = new URLSearchParams();
  for (const name of passed) if (script.dataset[name]) asked.set(name, script.dataset[name]);
  if (planning && service) asked.set("service", service);
  asked.set("embed", "1");
  const what = planning ? ["planning", planning] : service ? [service] : [];
  const url = new URL(["book", site, ...what].map(encodeURIComponent).join("/"), script.src);
  url.search = asked;

  // Until the page says its own title, in its own language.
  const titles = { fr: "Prendre rendez-vous", en: "Book an appointment" };
  const frame = document.createElement("iframe");
  frame.title = titles[(script.dataset.lang || navigator.language).slice(0, 2)] || titles.en;
  frame.className = "creneau";
  Object.assign(frame.style, { display: "block", width: "100%", height: "40rem", border: "0" });
  frame.src = url;

  // Brings what is that far below the top of the frame into sight, unless it is there already.
  const bring = (below) => {
    const top = frame.getBoundingClientRect().top + below;
    const margin = parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 16;
    if (top < 0 || top > innerHeight * 0.6) scrollBy(0, top - margin);
  };

  addEventListener("message", ({ source, origin, data }) => {
    if (source !== frame.contentWindow || origin !== url.origin || data?.creneau !== "shown") return;
    if (data.height > 0) frame.style.height = `${data.height}px`;
    frame.title = data.title;
    if (data.look >= 0) bring(data.look);
  });

  let again = false; // the first page leaves the visitor where they are; each step after it is brought into sight
  frame.addEventListener("load", () => {
    frame.contentWindow.postMessage({ creneau: "hello", again }, url.origin);
    again = true;
  });
  script.after(frame);
})();
