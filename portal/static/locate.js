/* The nearest place to where one is: the browser is asked at the press of a button, and nobody else is. */
"use strict";

const locate = document.querySelector("[data-locate]");
if (navigator.geolocation) locate.hidden = false;

locate.addEventListener("click", () => {
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      const here = new URL(location.href);
      here.searchParams.delete("near");
      here.searchParams.set("lat", coords.latitude.toFixed(2)); // about a kilometre: nearer is nobody's business
      here.searchParams.set("lon", coords.longitude.toFixed(2));
      location.href = here.href;
    },
    () => { document.getElementById("near-said").textContent = locate.dataset.failed; },
    { maximumAge: 600000, timeout: 10000 },
  );
});
