// Short messages that the app did not write: failures, mostly, where Slack would show them.

import { h, icon } from "./dom.js";

export class Notices {
  #recent = new Map();

  constructor() {
    this.node = h("div", { class: "notices" });
  }

  // The same words within a few seconds (an answer and its toast) are one notice.
  show(message, kind = "error") {
    const now = Date.now();
    if (now - (this.#recent.get(message) ?? 0) < 4000) return;
    this.#recent.set(message, now);
    const notice = h("div", { class: `notice notice-${kind}`, role: kind === "error" ? "alert" : "status" }, icon("alert"), h("span", {}, message),
      h("button", { type: "button", class: "icon-button", "aria-label": "Dismiss notice", onclick: () => notice.remove() }, icon("close")));
    this.node.append(notice);
    while (this.node.children.length > 3) this.node.firstElementChild.remove();
  }

  clear() {
    this.node.replaceChildren();
  }
}
