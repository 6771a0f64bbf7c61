// The question Slack asks before a button with `confirm` does anything.

import { textOf } from "./blocks.js";

export function confirmed(asked, surface) {
  const dialog = document.getElementById("confirm");
  const yes = document.getElementById("confirm-yes");
  const no = document.getElementById("confirm-no");
  document.getElementById("confirm-title").textContent = asked.title?.text ?? "Are you sure?";
  document.getElementById("confirm-text").replaceChildren(...textOf(asked.text, surface));
  yes.textContent = asked.confirm?.text ?? "Yes";
  no.textContent = asked.deny?.text ?? "Cancel";
  yes.classList.toggle("danger", asked.style === "danger");
  yes.onclick = () => dialog.close("yes");
  no.onclick = () => dialog.close("no");
  dialog.returnValue = "no"; // Escape leaves it so
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
  });
}
