/* A button beside each address that copies it, where the browser allows that. */
"use strict";

if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copy);
      field.select();
      await navigator.clipboard.writeText(field.value);
      const toast = document.createElement("p");
      toast.className = "toast";
      toast.textContent = button.dataset.done;
      document.getElementById("toasts").replaceChildren(toast);
      setTimeout(() => toast.remove(), 4000);
    });
  }
}
