// Where a person writes: messages, slash commands with completion, and the menu of shortcuts.

import { h, icon, iconButton, tether, uid } from "./dom.js";
import { menuButton } from "./menu.js";
import { Notices } from "./notices.js";

export class Composer {
  #session;
  #drafts = new Map();
  #attached = [];
  #conversation = null;
  #place = null;
  #matches = [];
  #active = 0;

  constructor(session) {
    this.#session = session;
    this.notices = new Notices();
    this.listbox = h("div", {
      role: "listbox", id: uid("commands"), class: "listbox commands", popover: "manual", "aria-label": "Commands",
    });
    this.input = h("input", {
      type: "text", role: "combobox", autocomplete: "off", "aria-autocomplete": "list", "aria-expanded": "false",
      "aria-controls": this.listbox.id,
      oninput: () => this.#complete(), onkeydown: (event) => this.#key(event), onblur: () => this.#hide(),
    });
    this.shortcuts = h("span", {});
    this.chosen = h("input", { type: "file", multiple: true, hidden: true, onchange: () => this.#attach([...this.chosen.files]) });
    this.files = h("ul", { class: "files attached", "aria-label": "Files to send" });
    const attach = iconButton("file", "Attach files", { onclick: () => this.chosen.click() });
    this.form = h("form", { class: "composer", onsubmit: (event) => this.#send(event) },
      this.shortcuts, attach, this.chosen, this.input, iconButton("send", "Send", { type: "submit", class: "icon-button send" }));
    this.listbox.addEventListener("mousedown", (event) => event.preventDefault());
    tether(this.listbox, this.form);
    this.node = h("div", { class: "composer-area" }, this.notices.node, this.files, this.form, this.listbox);
  }

  render(conversation) {
    const place = `${this.#session.user} ${conversation.id}`;
    if (this.#place !== place) {
      this.#drafts.set(this.#place, this.input.value);
      this.input.value = this.#drafts.get(place) ?? "";
      this.notices.clear();
      this.#keep([]);
      this.#hide();
    }
    this.#place = place;
    this.#conversation = conversation;
    const label = `Message ${conversation.label}`;
    this.input.setAttribute("aria-label", label);
    this.input.placeholder = label;
    this.#renderShortcuts();
  }

  #renderShortcuts() {
    const shortcuts = this.#session.state.shortcuts.filter(({ type }) => type === "global");
    const signature = JSON.stringify(shortcuts);
    if (this.shortcuts.signature === signature) return;
    this.shortcuts.signature = signature;
    const items = shortcuts.map(({ name, description, callback_id: id }) => ({
      text: name, description, pick: () => this.#session.shortcut(id),
    }));
    const menu = items.length > 0 && menuButton({ class: "icon-button", "aria-label": "Shortcuts" }, icon("bolt"), items);
    this.shortcuts.replaceChildren(menu || "");
  }

  #complete() {
    const { value } = this.input;
    const { commands } = this.#session.state;
    const typing = value.startsWith("/") && !value.includes(" ");
    this.#matches = typing ? commands.filter(({ command }) => command.startsWith(value.toLowerCase())) : [];
    if (!this.#matches.length) return this.#hide();
    this.listbox.replaceChildren(...this.#matches.map((match, index) =>
      h("div", { role: "option", id: uid("command"), "aria-selected": "false", onclick: () => this.#take(index) },
        h("span", {}, h("strong", {}, match.command), " ", h("span", { class: "usage" }, match.usage_hint)),
        h("span", { class: "option-description" }, match.description))));
    if (!this.listbox.matches(":popover-open")) this.listbox.showPopover();
    this.input.setAttribute("aria-expanded", "true");
    return this.#activate(0);
  }

  #activate(index) {
    this.#active = index;
    [...this.listbox.children].forEach((row, position) => {
      row.classList.toggle("active", position === index);
      row.setAttribute("aria-selected", String(position === index));
    });
    this.input.setAttribute("aria-activedescendant", this.listbox.children[index].id);
  }

  #hide() {
    this.#matches = [];
    if (this.listbox.matches(":popover-open")) this.listbox.hidePopover();
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  #take(index) {
    this.input.value = `${this.#matches[index].command} `;
    this.#hide();
    this.input.focus();
  }

  #key(event) {
    if (!this.#matches.length) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const whole = this.#matches.some(({ command }) => command === this.input.value);
    if (step) this.#activate((this.#active + step + this.#matches.length) % this.#matches.length);
    else if (event.key === "Escape") this.#hide();
    else if (event.key === "Tab" || (event.key === "Enter" && !whole)) this.#take(this.#active);
    else return;
    event.preventDefault();
  }

  // Files go to Slack when they are chosen or dropped, and into the conversation with the message.
  async #attach(files) {
    this.chosen.value = "";
    const place = this.#place;
    try {
      const uploaded = await Promise.all(files.map((file) => this.#session.upload(file)));
      if (place === this.#place) this.#keep([...this.#attached, ...uploaded]);
    } catch (error) {
      this.notices.show(error.message, "error");
    }
  }

  #keep(files) {
    this.#attached = files;
    const remove = (file) => this.#keep(files.filter(({ id }) => id !== file.id));
    this.files.replaceChildren(...files.map((file) =>
      h("li", {}, file.name, iconButton("close", `Remove ${file.name}`, { onclick: () => remove(file) }))));
  }

  // Takes what is dropped anywhere on `node`.
  takeDrops(node) {
    node.addEventListener("dragover", (event) => event.preventDefault());
    node.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files.length) this.#attach([...event.dataTransfer.files]);
    });
  }

  async #send(event) {
    event.preventDefault();
    const line = this.input.value.trim();
    const files = this.#attached;
    if (!line && !files.length) return;
    this.#keep([]);
    this.#hide();
    this.input.value = "";
    this.notices.clear();
    if (line.startsWith("/") && !files.length) await this.#session.command(this.#conversation.id, line);
    else await this.#session.say(this.#conversation.id, line, files);
  }
}
