/* A colour that is picked is written, and one that is written is picked. */
"use strict";

const written = document.getElementById("accent");
const picked = document.getElementById("picked");

picked.addEventListener("change", () => {
  written.value = picked.value;
  written.dispatchEvent(new Event("change", { bubbles: true }));
});
written.addEventListener("change", () => {
  if (/^#[0-9a-f]{6}$/i.test(written.value)) picked.value = written.value.toLowerCase();
});
