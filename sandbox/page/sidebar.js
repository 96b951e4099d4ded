// The sidebar: who is acting, and the places to go.

import { avatar, h, icon, reconcile } from "./dom.js";

const OUTSIDE = [["Mailbox", "/mail", "mail"], ["Phones", "/sms", "phone"], ["Xero", "/xero", "ledger"], ["Sage", "/sage", "ledger"]];

export class Sidebar {
  // `go(change)` moves to another place or person: {in} or {as}.
  constructor(go, address) {
    this.address = address;
    this.go = go;
    this.workspace = h("p", { class: "workspace" });
    this.person = h("select", { id: "acting-as", onchange: () => go({ as: this.person.value }) });
    this.card = h("span", { class: "person-card", "aria-hidden": "true" });
    this.lists = Object.fromEntries(["app_dm", "channel", "dm"].map((kind) => [kind, h("ul", {})]));
    this.node = h("aside", { class: "sidebar", id: "sidebar", "aria-label": "Workspace" },
      this.workspace,
      h("div", { class: "person" }, h("label", { for: "acting-as" }, "Acting as"), this.card, this.person),
      h("nav", { "aria-label": "Conversations" },
        h("h2", {}, "App"), this.lists.app_dm,
        h("h2", {}, "Channels"), this.lists.channel,
        h("h2", {}, "Direct messages"), this.lists.dm,
        h("h2", {}, "Outside world"),
        h("ul", {}, OUTSIDE.map(([name, href, picture]) => h("li", {},
          h("a", { href, target: "_blank" }, icon(picture), h("span", { class: "place-name" }, name), icon("external")))))));
  }

  render({ team, people, acting, places, current }) {
    this.workspace.textContent = team;
    const options = people.map(({ id, name, title }) => ({ key: id, signature: name + title, id, label: `${name}, ${title}` }));
    reconcile(this.person, options, ({ id, label }) => h("option", { value: id }, label));
    this.person.value = acting;
    const { name, title } = people.find(({ id }) => id === acting) ?? { name: acting, title: "" };
    this.card.replaceChildren(avatar(name), h("span", { class: "person-name" }, name, h("small", {}, title)), icon("chevron"));
    for (const [kind, list] of Object.entries(this.lists)) {
      const items = places.filter((place) => place.kind === kind)
        .map((place) => ({ place, key: place.id, signature: JSON.stringify([place, place.id === current, acting]) }));
      reconcile(list, items, ({ place }) => this.#place(place, place.id === current));
      list.previousElementSibling.hidden = !items.length;
    }
  }

  #place({ id, label, kind, unread }, current) {
    const news = unread > 0 && !current;
    const hash = h("span", { class: "hash", "aria-hidden": "true" }, "#");
    const follow = (event) => {
      event.preventDefault();
      this.go({ in: id });
    };
    return h("li", {}, h("a", { href: this.address({ in: id }), "aria-current": current && "page", class: news && "unread", onclick: follow },
      kind === "channel" ? hash : avatar(label, kind === "app_dm" ? "app" : "person"),
      h("span", { class: "place-name" }, label),
      news && h("span", { class: "badge" }, String(unread), h("span", { class: "visually-hidden" }, " unread"))));
  }
}
