// Block Kit's interactive elements. `place` says where one stands:
// {surface, blockId, acts, optional, attributes (of the control: id, aria-*), label (for groups)}.

import { text } from "./mrkdwn.js";
import { h, icon, iconButton, uid } from "./dom.js";
import { valueKey } from "./fields.js";
import { confirmed } from "./confirm.js";
import { menuButton } from "./menu.js";
import { select } from "./select.js";

export function renderElement(element, place) {
  const build = ELEMENTS[element.type];
  return build ? build(element, place) : unknown(element);
}

export function unknown(thing) {
  const title = `Unknown: ${thing.type}`;
  return h("div", { class: "unknown", role: "note", "aria-label": title },
    h("strong", {}, title), h("pre", {}, JSON.stringify(thing, null, 2)));
}

const stateOf = (element, { surface, blockId }) => surface.fields.get(blockId, element.action_id)[valueKey(element)];

function store(element, { surface, blockId }, value) {
  const state = { type: element.type, [valueKey(element)]: value };
  surface.fields.set(blockId, element.action_id, state);
  surface.edited?.(blockId);
  return state;
}

async function changed(element, place, value) {
  const before = place.surface.fields.get(place.blockId, element.action_id);
  const state = store(element, place, value);
  if (!place.acts) return;
  if (await confirmed(element.confirm)) await place.surface.act(place.blockId, element, state);
  else {
    place.surface.fields.set(place.blockId, element.action_id, before);
    place.surface.redraw();
  }
}

const focusName = (element, { blockId }, part = "") => [blockId, element.action_id, part].join("/");

// The attributes of a control. Inside an input block its label names it; elsewhere it has to name itself.
function control(element, place) {
  const name = element.accessibility_label ?? element.placeholder?.text ?? place.label ?? element.action_id;
  return {
    "data-control": true, "data-focus": focusName(element, place), placeholder: element.placeholder?.text,
    autofocus: element.focus_on_load, "aria-label": place.attributes.id ? null : name, ...place.attributes,
  };
}

const safeUrl = (url) => /^https?:\/\//i.test(url);
const openTab = (url) => safeUrl(url) && window.open(url, "_blank", "noopener");

function button(element, place) {
  const attributes = {
    class: `button button-${element.style ?? "default"}`, "data-focus": focusName(element, place),
    "aria-label": element.accessibility_label,
    onclick: async (event) => {
      const node = event.currentTarget;
      if (element.url && element.confirm) event.preventDefault();
      if (node.getAttribute("aria-busy") || !(await confirmed(element.confirm))) return;
      if (element.url && element.confirm) openTab(element.url);
      node.setAttribute("aria-busy", "true");
      await place.surface.act(place.blockId, element);
      node.removeAttribute("aria-busy");
    },
  };
  if (!element.url || !safeUrl(element.url)) return h("button", { type: "button", ...attributes }, text(element.text));
  const target = { href: element.url, target: "_blank", rel: "noopener noreferrer" };
  return h("a", { ...target, ...attributes }, text(element.text), icon("external"));
}

function overflow(element, place) {
  const pick = async (option) => {
    if (!(await confirmed(element.confirm))) return;
    if (option.url) openTab(option.url);
    await place.surface.act(place.blockId, element, { type: "overflow", selected_option: option });
  };
  const items = element.options.map((option) => ({
    text: option.text.text, description: option.description?.text, pick: () => pick(option),
  }));
  const label = element.accessibility_label ?? "More actions";
  return menuButton({ class: "button button-icon", "data-focus": focusName(element, place), "aria-label": label }, icon("more"), items);
}

function textInput(type) {
  return (element, place) => {
    const when = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
    const { surface, blockId } = place;
    const act = () => place.acts && surface.act(blockId, element, surface.fields.get(blockId, element.action_id));
    let timer = null;
    const node = h(element.multiline ? "textarea" : "input", {
      ...(element.multiline ? { rows: "4" } : { type, autocomplete: "off" }), ...control(element, place),
      oninput: () => {
        store(element, place, node.value || null);
        clearTimeout(timer);
        if (when.includes("on_character_entered")) timer = setTimeout(act, 250);
      },
      onkeydown: (event) => {
        if (event.key !== "Enter" || element.multiline || !place.acts) return;
        event.preventDefault();
        if (when.includes("on_enter_pressed")) act();
      },
    });
    node.value = stateOf(element, place) ?? "";
    return node;
  };
}

function richText(value) {
  const section = { type: "rich_text_section", elements: [{ type: "text", text: value }] };
  return value ? { type: "rich_text", elements: [section] } : null;
}

function richTextInput(element, place) {
  const keep = () => store(element, place, richText(node.value));
  const node = h("textarea", { rows: "4", ...control(element, place), oninput: keep });
  const pieces = stateOf(element, place)?.elements.flatMap((part) => part.elements) ?? [];
  node.value = pieces.map((piece) => piece.text ?? "").join("");
  return node;
}

const asOption = ({ id, name }) => ({ text: { type: "plain_text", text: name }, value: id });

const groupsOf = ({ options, option_groups: groups }) =>
  groups?.map((group) => ({ label: group.label.text, options: group.options })) ?? [{ options: options ?? [] }];

const kindOf = ({ kind, is_private: isPrivate }) =>
  ({ app_dm: "im", dm: "mpim" })[kind] ?? (isPrivate ? "private" : "public");

// Whether a conversation is left by the filter of a select, if it has one.
const isOffered = (conversation, filter = {}) =>
  (!filter.include || filter.include.includes(kindOf(conversation)))
  && !(filter.exclude_external_shared_channels && conversation.is_ext_shared)
  && !(filter.exclude_bot_users && conversation.kind === "app_dm");

// Where a select's options come from: (element, place, query) => groups; and how its choices are kept: as options or ids.
const SOURCES = {
  static: (element) => groupsOf(element),
  external: async (element, { surface, blockId }, query) => groupsOf(await surface.options(blockId, element.action_id, query)),
  users: (_, { surface }) => {
    const people = Object.values(surface.names().people).filter((person) => !person.is_bot && !person.deleted);
    return groupsOf({ options: people.map(asOption) });
  },
  conversations: (element, { surface }) => {
    const offered = Object.values(surface.names().conversations).filter((each) => isOffered(each, element.filter));
    return groupsOf({ options: offered.map(asOption) });
  },
};
SOURCES.channels = SOURCES.conversations;

function anySelect(kind, multiple) {
  return (element, place) => {
    const external = kind === "external";
    const byId = !external && kind !== "static";
    const { people, conversations } = place.surface.names();
    const option = (value) => (byId ? asOption(people[value] ?? conversations[value] ?? { id: value, name: value }) : value);
    const keep = (value) => (byId ? value.value : value);
    const matching = (groups, query) => groups.map(({ label, options }) => ({
      label, options: options.filter(({ text: name }) => external || name.text.toLowerCase().includes(query.toLowerCase())),
    }));
    return select({
      multiple,
      clearable: place.optional,
      maximum: element.max_selected_items,
      placeholder: element.placeholder?.text ?? (multiple ? "Choose options" : "Choose an option"),
      minimum: external ? element.min_query_length ?? 3 : 0,
      wait: external ? 150 : 0,
      chosen: [stateOf(element, place) ?? []].flat().map(option),
      load: async (query) => matching(await SOURCES[kind](element, place, query), query),
      change: (options) => changed(element, place, multiple ? options.map(keep) : options.length ? keep(options[0]) : null),
      attributes: control(element, place),
    });
  };
}

function choices(type) {
  return (element, place) => {
    const group = uid("choice");
    const names = place.surface.names();
    const isChosen = (option) => [stateOf(element, place) ?? []].flat().some((other) => other.value === option.value);
    const rows = element.options.map((option, index) => {
      const id = uid("choice");
      const { description } = option;
      const note = description && h("span", { class: "option-description", id: uid("note") }, text(description, names));
      const input = h("input", {
        type, name: group, id, "data-control": true, "data-focus": focusName(element, place, index), "aria-describedby": note?.id,
      });
      input.checked = isChosen(option);
      return h("div", { class: "choice" }, input, h("label", { for: id }, text(option.text, names)), note);
    });
    const chosen = () => element.options.filter((_, index) => rows[index].firstElementChild.checked);
    const change = () => changed(element, place, type === "radio" ? chosen()[0] : chosen());
    const naming = place.grouped ? {} : { role: "group", "aria-label": place.label ?? element.action_id };
    return h("div", { class: "choices", onchange: change, ...naming }, rows);
  };
}

function localDateTime(seconds) {
  const minutes = new Date(seconds * 1000).getTimezoneOffset();
  return new Date((seconds - minutes * 60) * 1000).toISOString().slice(0, 16);
}

function picker(type, read = (value) => value, show = (value) => value) {
  return (element, place) => {
    const change = () => changed(element, place, node.value ? read(node.value) : null);
    const node = h("input", { type, ...control(element, place), onchange: change });
    const value = stateOf(element, place);
    node.value = value ? show(value) : "";
    return node;
  };
}

function fileInput(element, place) {
  const list = h("ul", { class: "files" });
  const note = h("p", { class: "file-note", role: "status" });
  const remove = (file) => {
    store(element, place, stateOf(element, place).filter((other) => other.id !== file.id));
    show();
  };
  const row = (file) => h("li", {}, file.name, iconButton("close", `Remove ${file.name}`, { onclick: () => remove(file) }));
  const show = () => list.replaceChildren(...stateOf(element, place).map(row));
  const node = h("input", {
    type: "file", multiple: (element.max_files ?? 10) > 1, accept: element.filetypes?.map((type) => `.${type}`).join(","),
    ...control(element, place),
    onchange: async () => {
      note.textContent = "Uploading…";
      const files = [...node.files].slice(0, element.max_files ?? 10);
      try {
        store(element, place, await Promise.all(files.map((file) => place.surface.upload(file))));
        note.textContent = "";
      } catch (error) {
        note.textContent = error.message;
      }
      node.value = "";
      show();
    },
  });
  show();
  return h("div", { class: "file-input" }, node, note, list);
}

const ELEMENTS = {
  button,
  workflow_button: button,
  overflow,
  plain_text_input: textInput("text"),
  email_text_input: textInput("email"),
  url_text_input: textInput("url"),
  number_input: textInput("text"),
  rich_text_input: richTextInput,
  radio_buttons: choices("radio"),
  checkboxes: choices("checkbox"),
  datepicker: picker("date"),
  timepicker: picker("time"),
  datetimepicker: picker("datetime-local", (value) => Math.round(new Date(value).valueOf() / 1000), localDateTime),
  file_input: fileInput,
};
for (const kind of Object.keys(SOURCES)) {
  ELEMENTS[`${kind}_select`] = anySelect(kind, false);
  ELEMENTS[`multi_${kind}_select`] = anySelect(kind, true);
}
