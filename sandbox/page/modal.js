// The stack of modals: the top view in one dialog, with what was entered in each view kept while it is in the stack.

import { FOCUSABLE, h, iconButton, uid } from "./dom.js";
import { Surface } from "./blocks.js";
import { Notices } from "./notices.js";

export class Modals {
  #session;
  #surfaces = new Map();
  #shown = { id: null, title: null };
  #busy = new Map();

  constructor(session) {
    this.#session = session;
    this.title = h("h2", { id: uid("title"), tabindex: "-1" });
    this.notices = new Notices();
    this.body = h("div", { class: "modal-body" });
    this.live = h("p", { class: "visually-hidden", "aria-live": "polite" });
    this.cancel = h("button", { type: "button", class: "button", onclick: () => this.#close() });
    this.submit = h("button", { type: "submit", class: "button button-primary" });
    const dismiss = iconButton("close", "Dismiss", { onclick: () => this.#dismiss() });
    this.form = h("form", { novalidate: true, onsubmit: (event) => this.#submit(event) },
      h("div", { class: "modal-head" }, this.title, dismiss), this.notices.node, this.body,
      h("div", { class: "modal-foot" }, this.cancel, this.submit), this.live);
    this.dialog = h("dialog", {
      class: "modal", role: "dialog", "aria-modal": "true", "aria-labelledby": this.title.id,
      onkeydown: (event) => this.#key(event),
    }, this.form);
    this.dialog.addEventListener("cancel", (event) => event.preventDefault());
    document.body.append(this.dialog);
  }

  get isOpen() {
    return this.dialog.open;
  }

  render(views) {
    const ids = new Set(views.map((view) => view.id));
    for (const id of this.#surfaces.keys()) if (!ids.has(id)) this.#surfaces.delete(id);
    const view = views.at(-1);
    if (view) this.#show(view, views.length);
    else if (this.isOpen) {
      this.#hideRest(false);
      this.dialog.close();
      this.body.replaceChildren();
      this.surface = null;
      this.#shown = { id: null, title: null };
    }
  }

  #show(view, depth) {
    const switched = view.id !== this.#shown.id;
    const retitled = switched || view.title.text !== this.#shown.title;
    this.view = view;
    this.depth = depth;
    if (switched) this.body.replaceChildren();
    const container = { type: "view", view_id: view.id };
    if (!this.#surfaces.has(view.id)) this.#surfaces.set(view.id, new Surface(this.#session, container));
    this.surface = this.#surfaces.get(view.id);

    this.title.textContent = view.title.text;
    this.cancel.textContent = view.close?.text ?? (view.submit ? "Cancel" : "Close");
    this.submit.hidden = !view.submit;
    this.submit.textContent = view.submit?.text ?? "";
    const opening = !this.isOpen;
    if (opening) {
      this.dialog.showModal();
      this.#hideRest(true);
    }
    const fresh = this.surface.draw(this.body, view.blocks);

    const lost = !this.dialog.contains(document.activeElement) || document.activeElement === this.dialog;
    if (opening || retitled || (fresh && view.hash !== this.#shown.hash) || lost) this.#enter(opening || retitled || fresh);
    if (!opening && retitled) this.live.textContent = view.title.text;
    if (switched || view.hash !== this.#shown.hash) this.notices.clear();
    this.#shown = { id: view.id, title: view.title.text, hash: view.hash };
  }

  // An open modal makes the rest inert; this says so to assistive technology that does not know it.
  #hideRest(hide) {
    for (const node of document.body.children) if (node.tagName !== "DIALOG") node.ariaHidden = hide ? "true" : null;
  }

  #enter(newPage) {
    if (newPage) this.body.scrollTop = 0;
    const first = this.body.querySelector("[autofocus]") ?? this.body.querySelector("[data-control]") ?? this.title;
    first.focus();
  }

  // Keeps Tab inside the dialog (a browser would let it out to its own controls) and makes Escape close one view.
  #key(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      this.#close();
    }
    if (event.key !== "Tab") return;
    const stops = [...this.dialog.querySelectorAll(FOCUSABLE)].filter((node) => node.offsetParent && node.tabIndex >= 0);
    const [edge, other] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
    const outside = !stops.includes(document.activeElement) && (event.shiftKey || document.activeElement === this.dialog);
    if (document.activeElement !== edge && !outside) return;
    event.preventDefault();
    other.focus();
  }

  // Does a button's work once for each view as it is shown: a click meanwhile is the second of a double click. Other
  // buttons work on: one may close a view whose submission is under way, as in Slack.
  async #once(button, work) {
    const shown = `${this.view.id} ${this.view.hash}`;
    if (this.#busy.get(button) === shown) return;
    this.#busy.set(button, shown);
    button.setAttribute("aria-busy", "true");
    try {
      await work();
    } finally {
      if (this.#busy.get(button) === shown) {
        this.#busy.delete(button);
        button.removeAttribute("aria-busy");
      }
    }
  }

  #close() {
    return this.#once(this.cancel, () => this.#session.close(this.view.id));
  }

  #dismiss() {
    return this.#once(this.cancel, () => (this.depth > 1 ? this.#session.clear() : this.#session.close(this.view.id)));
  }

  async #submit(event) {
    event.preventDefault();
    if (this.submit.hidden) return;
    await this.#once(this.submit, async () => {
      const { view, surface } = this;
      this.notices.clear();
      const { errors } = await this.#session.submit(view.id, surface.fields.values());
      if (!errors || this.surface !== surface) return;
      for (const error of surface.showErrors(errors)) this.notices.show(error, "error");
    });
  }
}
