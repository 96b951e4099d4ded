// The page: one person's view of the workspace, kept up to date by the sandbox's events.

import { api } from "./api.js";
import { h, iconButton, reconcile } from "./dom.js";
import { Surface } from "./blocks.js";
import { Composer } from "./composer.js";
import { Messages } from "./messages.js";
import { Modals } from "./modal.js";
import { Sidebar } from "./sidebar.js";

const HOME = "home";

class Session {
  state = null;
  people = [];
  #events = null;
  #refreshing = null;
  #again = false;

  constructor(render, notify) {
    this.render = render;
    this.notify = notify;
  }

  async become(userId) {
    this.#events?.close();
    this.user = userId;
    await this.refresh();
    this.#events = new EventSource(`/sandbox/events?user=${encodeURIComponent(userId)}`);
    this.#events.addEventListener("changed", () => this.refresh());
    this.#events.onopen = () => this.#connected(true);
    this.#events.onerror = () => this.#connected(false);
  }

  #connected(yes) {
    document.body.classList.toggle("offline", !yes);
    if (yes) this.refresh();
  }

  // Fetches the state and draws it. Calls that come while one is under way are answered by one more after it.
  refresh() {
    this.#again = Boolean(this.#refreshing);
    this.#refreshing ??= this.#fetch().finally(() => { this.#refreshing = null; });
    return this.#refreshing;
  }

  async #fetch() {
    do {
      this.#again = false;
      const { user } = this;
      const state = await api.get(`/sandbox/state?user=${encodeURIComponent(user)}`).catch(() => ({ refused: true }));
      if (user !== this.user) this.#again = true;
      else if (!state.refused) this.render((this.state = state));
    } while (this.#again);
  }

  names() {
    const { people, conversations, user } = this.state;
    return { people, conversations: Object.fromEntries(conversations.map((each) => [each.id, each])), tz: user.tz };
  }

  app() {
    return this.state.app;
  }

  // Does something as this person and shows what came of it. What the app did wrong comes back as a toast of the state;
  // what the sandbox itself refused is said here.
  async #act(path, body) {
    const failed = (error) => ({ refused: true, error: error.message });
    const answer = await api.post(`/sandbox/${path}`, { user: this.user, ...body }).catch(failed);
    if (answer.refused) this.notify(`That could not be done: ${answer.error}`);
    await this.refresh();
    return answer;
  }

  // A file that the person chose, as Slack's file object.
  async upload(file) {
    const answer = await api.upload("/sandbox/files", { user: this.user, file });
    if (answer.refused) throw new Error(`${file.name} could not be uploaded: ${answer.error}`);
    return answer.file;
  }

  markRead(channel) {
    return api.post("/sandbox/read", { user: this.user, channel });
  }

  command(channel, line) {
    return this.#act("command", { channel, text: line });
  }

  say(channel, line, files = []) {
    return this.#act("message", { channel, text: line, files: files.map(({ id }) => id) });
  }

  shortcut(id) {
    return this.#act("shortcut", { callback_id: id });
  }

  click(surface, body) {
    return this.#act("click", { container: surface.container, ...body });
  }

  submit(viewId, state) {
    return this.#act("submit", { view_id: viewId, state });
  }

  close(viewId) {
    return this.#act("close", { view_id: viewId });
  }

  clear() {
    return this.#act("clear", {});
  }

  openHome() {
    return this.#act("home", {});
  }

  async options(body) {
    const answer = await api.post("/sandbox/options", { user: this.user, ...body });
    if (!answer.ok) throw new Error(answer.error);
    return answer;
  }
}

class Page {
  constructor() {
    this.toasted = {};
    this.session = new Session(() => this.draw(), (message, kind) => this.notify(message, kind));
    this.modals = new Modals(this.session);
    this.sidebar = new Sidebar((change) => this.go(change), (change) => this.address(change));
    this.messages = new Messages(this.session);
    this.composer = new Composer(this.session);
    this.homeBlocks = h("div", { class: "home-blocks" });
    this.homeEmpty = h("p", { class: "empty" }, "The app has not published its Home yet.");
    this.home = h("div", { class: "home", role: "tabpanel", "aria-label": "Home" }, this.homeBlocks, this.homeEmpty);
    this.title = h("h1", {});
    this.menu = iconButton("menu", "Open navigation", {
      class: "icon-button menu-button", "aria-expanded": "false", "aria-controls": "sidebar", onclick: () => this.#drawer(true),
    });
    this.tabs = h("div", { role: "tablist", "aria-label": "App", class: "tabs" });
    const header = h("header", { class: "place" }, this.menu, this.title, h("p", { class: "offline-note", role: "status" }));
    const veil = h("div", { class: "veil", onclick: () => this.#drawer(false) });
    this.main = h("main", { id: "main" }, header, this.tabs, this.messages.node, this.home, this.composer.node);
    this.composer.takeDrops(this.main);
    document.body.append(h("div", { class: "shell" }, this.sidebar.node, veil, this.main));
    addEventListener("popstate", () => this.follow());
    addEventListener("keydown", (event) => event.key === "Escape" && this.#drawer(false));
  }

  async start() {
    this.people = (await api.get("/sandbox/people")).people;
    await this.follow();
  }

  address(change) {
    const query = new URLSearchParams(location.search);
    for (const [key, value] of Object.entries(change)) query.set(key, value);
    return `?${query}`;
  }

  go(change) {
    history.pushState(null, "", this.address(change));
    return this.follow();
  }

  // Goes where the address says.
  async follow() {
    const query = new URLSearchParams(location.search);
    const known = this.people.find(({ id }) => id === query.get("as")) ?? this.people[0];
    const place = query.get("in");
    this.#drawer(false);
    const moved = known.id !== this.session.user || place !== this.place;
    this.place = place;
    if (known.id !== this.session.user) await this.session.become(known.id);
    else this.draw();
    if (moved && this.place === HOME) await this.session.openHome();
  }

  notify(message, kind = "error") {
    (this.modals.isOpen ? this.modals : this.composer).notices.show(message, kind);
  }

  #drawer(open) {
    if (document.body.classList.contains("drawer-open") === open) return;
    document.body.classList.toggle("drawer-open", open);
    this.menu.setAttribute("aria-expanded", String(open));
    this.main.inert = open;
    (open ? this.sidebar.person : this.menu).focus();
  }

  draw() {
    const { state } = this.session;
    if (!state) return;
    const { conversations } = state;
    for (const each of conversations) each.label = each.kind === "channel" ? `#${each.name}` : each.name;
    const first = conversations.find(({ kind }) => kind === "channel") ?? conversations[0];
    const chat = conversations.find(({ id }) => id === this.place) ?? first;
    const appDm = conversations.find(({ kind }) => kind === "app_dm");
    const atHome = this.place === HOME;
    const current = atHome ? appDm : chat;
    const placeOf = (each) => (each === appDm ? HOME : each.id);
    const places = conversations.map((each) => ({ id: placeOf(each), kind: each.kind, label: each.name, unread: each.unread }));

    const acting = this.people.find(({ id }) => id === this.session.user);
    this.sidebar.render({ team: state.team.name, people: this.people, acting: acting.id, places, current: placeOf(current) });
    this.title.textContent = current.label;
    document.title = `${current.label} · ${acting.name}`;
    this.#drawTabs(current === appDm, atHome, appDm);
    this.messages.node.hidden = atHome;
    this.home.hidden = !atHome;
    this.composer.node.classList.toggle("at-home", atHome);
    if (atHome) this.#drawHome(state.home);
    else this.messages.render(current, state.messages[current.id] ?? []);
    this.composer.render(current);
    this.modals.render(state.views);
    this.#drawToasts(state.toasts);
    if (!atHome && current.unread && !document.hidden) this.session.markRead(current.id);
  }

  #drawToasts(toasts) {
    const { user } = this.session;
    const seen = this.toasted[user] ?? (toasts.at(-1)?.id ?? 0);
    for (const { id, text, kind } of toasts) if (id > seen) this.notify(text, kind);
    this.toasted[user] = Math.max(seen, toasts.at(-1)?.id ?? 0);
  }

  #drawTabs(shown, atHome, appDm) {
    this.tabs.hidden = !shown;
    if (!shown) return;
    const other = atHome ? appDm.id : HOME;
    const tabs = [["Home", HOME, atHome], ["Messages", appDm.id, !atHome]]
      .map(([key, place, selected]) => ({ key, place, selected, signature: `${place} ${selected}` }));
    const focused = this.tabs.contains(document.activeElement);
    reconcile(this.tabs, tabs, ({ key, place, selected }) => h("button", {
      type: "button", role: "tab", "aria-selected": String(selected), tabindex: selected ? "0" : "-1",
      onclick: () => this.go({ in: place }),
      onkeydown: (event) => /^Arrow(Left|Right)$/.test(event.key) && this.go({ in: other }),
    }, key));
    if (focused) this.tabs.querySelector("[aria-selected=true]").focus();
  }

  #drawHome(view) {
    this.homeEmpty.hidden = Boolean(view);
    if (this.homeId !== view?.id) {
      this.homeId = view?.id;
      this.homeSurface = view && new Surface(this.session, { type: "view", view_id: view.id });
      this.homeBlocks.replaceChildren();
    }
    if (view) this.homeSurface.draw(this.homeBlocks, view.blocks);
  }
}

new Page().start();
