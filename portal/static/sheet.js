/* The sheet is printed by a button where scripts run; where not, a sentence says how. */
"use strict";

const printer = document.querySelector("[data-print]");
printer.addEventListener("click", () => window.print());
printer.hidden = false;
document.querySelector("[data-how]").hidden = true;
