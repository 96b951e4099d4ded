// A conversation's messages.

import { avatar, h, icon, keepingFocus, reconcile } from "./dom.js";
import { dayName, text } from "./mrkdwn.js";
import { Surface } from "./blocks.js";
import { unknown } from "./elements.js";

export class Messages {
  #session;
  #surfaces = new Map();
  #conversation = null;
  #user = null;
  #following = true;
  #height = 0;

  constructor(session) {
    this.#session = session;
    this.list = h("ol", { class: "messages", role: "log", "aria-label": "Messages", tabindex: "0" });
    this.node = this.list;
    this.list.addEventListener("scroll", () => this.#scrolled());
    new ResizeObserver(() => this.#resized()).observe(this.list);
  }

  render(conversation, messages) {
    const moved = this.#conversation !== conversation.id || this.#user !== this.#session.user;
    const { list } = this;
    if (moved) {
      this.#following = true;
      list.replaceChildren();
    }
    this.#conversation = conversation.id;
    this.#user = this.#session.user;
    const items = [];
    let day = null;
    for (const message of messages) {
      const today = this.#day(message);
      if (today !== day) items.push({ key: `day ${today}`, signature: today, day: today });
      day = today;
      items.push({ key: message.ts, signature: JSON.stringify(message), message });
    }
    if (!items.length) items.push({ key: "empty", signature: conversation.id, empty: conversation });
    keepingFocus(list, () => reconcile(list, items, (item) => this.#row(item)));
    this.#follow();
  }

  // The newest message stays in sight until the person scrolls away from it.
  #follow() {
    if (this.#following) this.list.scrollTop = this.list.scrollHeight;
  }

  #scrolled() {
    const { list } = this;
    if (list.clientHeight !== this.#height) return; // a new size moved it, not the person
    this.#following = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  }

  #resized() {
    this.#height = this.list.clientHeight;
    this.#follow();
  }

  #day(message) {
    const when = new Date(message.time);
    const { tz } = this.#session.names();
    const name = dayName(when, tz);
    if (name) return name[0].toUpperCase() + name.slice(1);
    return when.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", timeZone: tz });
  }

  #row(item) {
    if (item.day) return h("li", { class: "day" }, h("span", {}, item.day));
    if (item.empty) return h("li", { class: "empty" }, "Nothing has been said here yet.");
    return this.#message(item.message);
  }

  #message(message) {
    const names = this.#session.names();
    const app = this.#session.app();
    const byApp = Boolean(message.bot_id) || message.user === app.bot_user_id;
    const author = byApp ? app.name : names.people[message.user]?.name ?? message.user;
    const when = new Date(message.time);
    const body = h("div", { class: "message-body" });
    if (message.blocks?.length) this.#surface(message).draw(body, message.blocks);
    else if (message.text) body.append(h("div", { class: "text" }, text({ type: "mrkdwn", text: message.text }, names)));
    body.append(...(message.attachments ?? []).map((attachment) => unknown({ type: "attachment", ...attachment })));
    body.append(...(message.files ?? []).map((file) => this.#file(file)));
    return h("li", { class: `message ${message.ephemeral ? "message-ephemeral" : ""}` },
      avatar(author, byApp ? "app" : "person"),
      h("article", { "aria-label": `${author}, ${clock(when, names.tz)}` },
        message.ephemeral && h("p", { class: "ephemeral" }, icon("eye"), "Only visible to you"),
        h("header", {}, h("strong", {}, author), byApp && h("span", { class: "badge-app" }, "App"),
          h("time", { datetime: message.time }, clock(when, names.tz))),
        body,
        message.edited && h("span", { class: "edited" }, "(edited)")));
  }

  #file(file) {
    const href = `/sandbox/files/${file.id}?user=${encodeURIComponent(this.#user)}`;
    if ("alt" in file) return this.#picture(file, href);
    return h("a", { class: "file", href, download: file.name, "aria-label": `Download ${file.title}` }, icon("file"),
      h("span", { class: "file-title" }, file.title), h("span", { class: "file-about" }, `${file.name} · ${size(file.size)}`));
  }

  #picture(file, href) {
    const link = h("a", { href, download: file.name, "aria-label": `Download ${file.title}` }, "Download");
    return h("figure", { class: "picture" }, h("figcaption", {}, `${file.title} · `, link),
      h("img", { src: href, alt: file.alt || file.title, onload: () => this.#follow() }));
  }

  #surface(message) {
    const key = `${this.#user} ${this.#conversation} ${message.ts}`;
    const container = { type: "message", channel: this.#conversation, ts: message.ts };
    if (!this.#surfaces.has(key)) this.#surfaces.set(key, new Surface(this.#session, container));
    return this.#surfaces.get(key);
  }
}

const size = (bytes) => bytes < 1000 ? `${bytes} bytes` : bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
const clock = (when, timeZone) => when.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone });
