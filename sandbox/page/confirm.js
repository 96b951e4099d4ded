// Slack's confirm dialogs.

import { h, uid } from "./dom.js";
import { text } from "./mrkdwn.js";

// Asks what a `confirm` object asks; true at once where there is none.
export function confirmed(confirm) {
  if (!confirm) return Promise.resolve(true);
  const title = h("h2", { id: uid("confirm") }, confirm.title.text);
  const body = h("p", { id: uid("confirm") }, text(confirm.text));
  const choice = (style, answer, label) =>
    h("button", { type: "button", class: `button ${style}`, onclick: () => dialog.close(answer) }, label);
  const dialog = h("dialog", {
    class: "confirm", role: "alertdialog", "aria-modal": "true", "aria-labelledby": title.id, "aria-describedby": body.id,
  }, title, body, h("div", { class: "modal-foot" },
    choice("", "no", confirm.deny.text),
    choice(confirm.style === "danger" ? "button-danger" : "button-primary", "yes", confirm.confirm.text)));
  const opener = document.activeElement;
  document.body.append(dialog);
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => {
      answer(dialog.returnValue === "yes");
      dialog.remove();
      opener?.focus();
    });
  });
}
