// Short messages that the app did not write: failures, mostly, where Slack would show them.

import { h, icon, iconButton } from "./dom.js";

export class Notices {
  constructor() {
    this.node = h("div", { class: "notices" });
  }

  show(message, kind = "error") {
    const notice = h("div", { class: `notice notice-${kind}`, role: kind === "error" ? "alert" : "status" },
      icon("alert"), h("span", {}, message), iconButton("close", "Dismiss notice", { onclick: () => notice.remove() }));
    this.node.append(notice);
    while (this.node.children.length > 3) this.node.firstElementChild.remove();
  }

  clear() {
    this.node.replaceChildren();
  }
}
