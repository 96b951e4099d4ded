// Block Kit's interactive elements. `place` says where one stands:
// {surface, blockId, acts, optional, attributes (of the control: id, aria-*), label (for groups)}.

import { text } from "./mrkdwn.js";
import { h, icon, placeBeside, uid } from "./dom.js";
import { valueKey } from "./fields.js";
import { select } from "./select.js";
import { confirmed } from "./confirm.js";

export function renderElement(element, place) {
  const build = ELEMENTS[element.type];
  return build ? build(element, place) : unknown(element);
}

export function unknown(thing) {
  return h("div", { class: "unknown", role: "note", "aria-label": `Unknown: ${thing.type}` }, h("strong", {}, `Unknown: ${thing.type}`), h("pre", {}, JSON.stringify(thing, null, 2)));
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

const control = (element, place) => ({
  "data-control": true, "data-focus": focusName(element, place), placeholder: element.placeholder?.text, autofocus: element.focus_on_load,
  "aria-label": place.attributes.id ? null : element.accessibility_label ?? element.placeholder?.text ?? place.label ?? element.action_id, ...place.attributes,
});

const safeUrl = (url) => /^https?:\/\//i.test(url);

function button(element, place) {
  const attributes = {
    class: `button ${element.style ? `button-${element.style}` : ""}`, "data-focus": focusName(element, place), "aria-label": element.accessibility_label,
    onclick: async (event) => {
      const node = event.currentTarget;
      if (element.url && element.confirm) event.preventDefault();
      if (node.getAttribute("aria-busy") || !(await confirmed(element.confirm))) return;
      if (element.url && element.confirm && safeUrl(element.url)) window.open(element.url, "_blank", "noopener");
      node.setAttribute("aria-busy", "true");
      await place.surface.act(place.blockId, element);
      node.removeAttribute("aria-busy");
    },
  };
  if (!element.url || !safeUrl(element.url)) return h("button", { type: "button", ...attributes }, text(element.text));
  return h("a", { href: element.url, target: "_blank", rel: "noopener noreferrer", ...attributes }, text(element.text), icon("external"));
}

// A "more" button with the menu of `items`: [{text, description, pick}].
export function menuButton(attributes, content, items) {
  const menu = h("div", { role: "menu", class: "menu", popover: "auto", id: uid("menu"), "aria-label": attributes["aria-label"] });
  const opener = h("button", { type: "button", "aria-haspopup": "menu", "aria-expanded": "false", popovertarget: menu.id, ...attributes }, content);
  menu.append(...items.map(({ text: label, description, pick }) =>
    h("button", { type: "button", role: "menuitem", tabindex: "-1", "aria-describedby": description && `${menu.id}-${label}`.replace(/\W/g, "-"), onclick: () => { menu.hidePopover(); opener.focus(); pick(); } },
      h("span", {}, label), description && h("span", { class: "option-description", "aria-hidden": "true", id: `${menu.id}-${label}`.replace(/\W/g, "-") }, description))));
  menu.addEventListener("toggle", (event) => {
    opener.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState !== "open") return;
    placeBeside(menu, opener, { alignEnd: true });
    menu.firstElementChild?.focus();
  });
  menu.addEventListener("keydown", (event) => {
    const rows = [...menu.children];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) rows.at((rows.indexOf(document.activeElement) + step) % rows.length).focus();
    else if (event.key === "Escape" || event.key === "Tab") {
      menu.hidePopover();
      opener.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return h("span", { class: "menu-anchor" }, opener, menu);
}

function overflow(element, place) {
  const pick = async (option) => {
    if (option.url && safeUrl(option.url)) window.open(option.url, "_blank", "noopener");
    if (await confirmed(element.confirm)) await place.surface.act(place.blockId, element, { type: "overflow", selected_option: option });
  };
  const items = element.options.map((option) => ({ text: option.text.text, description: option.description?.text, pick: () => pick(option) }));
  return menuButton({ class: "button button-icon", "data-focus": focusName(element, place), "aria-label": element.accessibility_label ?? "More actions" }, icon("more"), items);
}

function textInput(type) {
  return (element, place) => {
    const when = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
    const act = () => place.acts && place.surface.act(place.blockId, element, place.surface.fields.get(place.blockId, element.action_id));
    let timer = null;
    const node = h(element.multiline ? "textarea" : "input", {
      type: element.multiline ? null : type, rows: element.multiline && "4", autocomplete: "off", inputmode: type === "number" ? "decimal" : null, ...control(element, place),
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

const richText = (value) => value && { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text: value }] }] };
const richTextSource = (value) => value?.elements?.flatMap((part) => part.elements ?? []).map((piece) => piece.text ?? "").join("") ?? "";

function richTextInput(element, place) {
  const node = h("textarea", { rows: "4", ...control(element, place), oninput: () => store(element, place, richText(node.value) || null) });
  node.value = richTextSource(stateOf(element, place));
  return node;
}

const asOption = (id, name) => ({ text: { type: "plain_text", text: name ?? id }, value: id });

// Where a select's options come from: (element, place, query) => groups; and how its choices are kept: as options or ids.
const SOURCES = {
  static: (element) => element.option_groups?.map((group) => ({ label: group.label.text, options: group.options })) ?? [{ options: element.options }],
  external: async (element, { surface, blockId }, query) => {
    const answer = await surface.options(blockId, element.action_id, query);
    return answer.option_groups?.map((group) => ({ label: group.label.text, options: group.options })) ?? [{ options: answer.options ?? [] }];
  },
  users: (_, { surface }) => [{ options: Object.values(surface.names().people).filter((person) => !person.is_bot && !person.deleted).map(({ id, name }) => asOption(id, name)) }],
  conversations: (_, { surface }) => [{ options: Object.values(surface.names().conversations).map(({ id, name }) => asOption(id, name)) }],
};
SOURCES.channels = SOURCES.conversations;

function anySelect(kind, multiple) {
  return (element, place) => {
    const byId = kind !== "static" && kind !== "external";
    const { people, conversations } = place.surface.names();
    const option = (value) => (byId ? asOption(value, (people[value] ?? conversations[value])?.name) : value);
    const keep = (value) => (byId ? value.value : value);
    const matching = (groups, query) => groups.map(({ label, options }) => ({
      label, options: kind === "external" ? options : options.filter(({ text: name }) => name.text.toLowerCase().includes(query.toLowerCase())),
    }));
    return select({
      multiple, clearable: place.optional, maximum: element.max_selected_items, placeholder: element.placeholder?.text ?? (multiple ? "Choose options" : "Choose an option"),
      minimum: kind === "external" ? element.min_query_length ?? 3 : 0, wait: kind === "external" ? 150 : 0,
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
      const input = h("input", { type, name: group, id, "data-control": true, "data-focus": focusName(element, place, index), "aria-describedby": option.description && `${id}-description` });
      input.checked = isChosen(option);
      return h("div", { class: "choice" }, input, h("label", { for: id }, text(option.text, names)),
        option.description && h("span", { class: "option-description", id: `${id}-description` }, text(option.description, names)));
    });
    const chosen = () => element.options.filter((_, index) => rows[index].firstElementChild.checked);
    return h("div", {
      class: "choices", role: place.grouped ? null : type === "radio" ? "radiogroup" : "group", "aria-label": place.grouped ? null : place.label ?? element.action_id,
      onchange: () => changed(element, place, type === "radio" ? chosen()[0] : chosen()),
    }, rows);
  };
}

const pad = (number) => String(number).padStart(2, "0");
function localDateTime(seconds) {
  const date = new Date(seconds * 1000);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}T${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

function picker(type, read = (value) => value, show = (value) => value) {
  return (element, place) => {
    const node = h("input", { type, ...control(element, place), onchange: () => changed(element, place, node.value ? read(node.value) : null) });
    const value = stateOf(element, place);
    node.value = value ? show(value) : "";
    return node;
  };
}

function fileInput(element, place) {
  const list = h("ul", { class: "files" });
  const note = h("p", { class: "file-note", role: "status" });
  const show = () => list.replaceChildren(...stateOf(element, place).map((file) => h("li", {}, file.name, " ", h("button", {
    type: "button", class: "link-button", "aria-label": `Remove ${file.name}`,
    onclick: () => { store(element, place, stateOf(element, place).filter((other) => other.id !== file.id)); show(); },
  }, "Remove"))));
  const node = h("input", {
    type: "file", multiple: (element.max_files ?? 10) > 1, accept: element.filetypes?.map((type) => `.${type}`).join(","), ...control(element, place),
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
  ...Object.fromEntries(Object.keys(SOURCES).flatMap((kind) => [[`${kind}_select`, anySelect(kind, false)], [`multi_${kind}_select`, anySelect(kind, true)]])),
};
