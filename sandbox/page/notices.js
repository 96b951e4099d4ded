// Short messages that the app did not write: failures, mostly, where Slack would show them.

import { h, icon } from "./dom.js";

export class Notices {
  constructor() {
    this.node = h("div", { class: "notices" });
  }

  show(message, kind = "error") {
    const notice = h("div", { class: `notice notice-${kind}`, role: kind === "error" ? "alert" : "status" }, icon("alert"), h("span", {}, message),
      h("button", { type: "button", class: "icon-button", "aria-label": "Dismiss notice", onclick: () => notice.remove() }, icon("close")));
    this.node.append(notice);
    while (this.node.children.length > 3) this.node.firstElementChild.remove();
  }

  clear() {
    this.node.replaceChildren();
  }
}
