// A searchable select: a combobox with a listbox, one choice or many (as chips), options given or loaded while typing.

import { h, icon, iconButton, tether, uid } from "./dom.js";

const sameOption = (a, b) => a.value === b.value && a.text.text === b.text.text;

// `load(query)` answers groups of options: [{label, options}]; `change(options)` hears every choice.
export function select({
  load, minimum = 0, wait = 0, multiple, maximum = Infinity, chosen, change, placeholder, clearable, attributes,
}) {
  let options = [];
  let active = -1;
  let wanted = 0;
  let timer = null;

  const listbox = h("div", {
    role: "listbox", id: uid("listbox"), class: "listbox", popover: "manual", "aria-label": "Options",
    "aria-multiselectable": multiple && "true",
  });
  const status = h("span", { class: "visually-hidden", role: "status" });
  const input = h("input", {
    type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", "aria-autocomplete": "list",
    "aria-expanded": "false", "aria-controls": listbox.id, ...attributes,
  });
  const chips = h("span", { class: "chips" });
  const clear = iconButton("close", "Clear selection", { class: "icon-button select-clear" });
  const arrow = h("span", { class: "select-arrow" }, icon("chevron"));
  const box = h("div", { class: "select-box" }, chips, input, !multiple && clearable && clear, arrow);
  const node = h("div", { class: "select" }, box, listbox, status);

  const isOpen = () => listbox.matches(":popover-open");
  const query = () => (multiple || input.value !== chosen[0]?.text.text ? input.value.trim() : "");

  function showChoice() {
    chips.replaceChildren(...(multiple ? chosen.map(chip) : []));
    input.value = multiple ? "" : chosen[0]?.text.text ?? "";
    input.placeholder = multiple && chosen.length ? "" : placeholder ?? "";
    clear.hidden = !chosen.length;
  }

  function chip(option) {
    const remove = () => {
      input.focus();
      choose(option);
    };
    const label = option.text.text;
    return h("span", { class: "chip" }, label, iconButton("close", `Remove ${label}`, { class: "chip-remove", onclick: remove }));
  }

  async function search() {
    const mine = ++wanted;
    if (query().length < minimum) return showNote(`Type ${minimum} or more characters to search`);
    try {
      const groups = await load(query());
      if (mine === wanted && isOpen()) showOptions(groups);
    } catch {
      if (mine === wanted) showNote("The options could not be loaded");
    }
  }

  function showNote(note) {
    options = [];
    activate(-1);
    listbox.replaceChildren(h("div", { class: "listbox-note" }, note));
    status.textContent = note;
  }

  function showOptions(groups) {
    options = groups.flatMap((group) => group.options);
    if (!options.length) return showNote("No results");
    const rows = groups.filter((group) => group.options.length).map(({ label, options: members }) => {
      if (!label) return members.map(row);
      const heading = h("div", { class: "listbox-heading", id: uid("group"), role: "presentation" }, label);
      return h("div", { role: "group", "aria-labelledby": heading.id }, heading, members.map(row));
    });
    listbox.replaceChildren(...rows.flat());
    status.textContent = `${options.length} ${options.length === 1 ? "result" : "results"}`;
    const selected = options.findIndex((option) => chosen.some((other) => sameOption(option, other)));
    activate(query() || multiple || selected < 0 ? 0 : selected);
  }

  function row(option) {
    const selected = chosen.some((other) => sameOption(option, other));
    return h("div", { role: "option", id: uid("option"), "aria-selected": String(selected), onclick: () => choose(option) },
      h("span", {}, option.text.text), option.description && h("span", { class: "option-description" }, option.description.text));
  }

  function activate(index) {
    active = index;
    const rows = listbox.querySelectorAll("[role=option]");
    rows.forEach((item, position) => item.classList.toggle("active", position === index));
    rows[index]?.scrollIntoView({ block: "nearest" });
    if (rows[index]) input.setAttribute("aria-activedescendant", rows[index].id);
    else input.removeAttribute("aria-activedescendant");
  }

  function open() {
    if (isOpen()) return;
    listbox.showPopover();
    input.setAttribute("aria-expanded", "true");
    if (wait) showNote("Searching…");
    search();
  }

  function close() {
    wanted += 1;
    clearTimeout(timer);
    if (isOpen()) listbox.hidePopover();
    input.setAttribute("aria-expanded", "false");
    activate(-1);
  }

  function choose(option) {
    const there = chosen.some((other) => sameOption(option, other));
    if (multiple && !there && chosen.length >= maximum) {
      status.textContent = `At most ${maximum} can be chosen`;
      return;
    }
    if (!multiple) chosen = [option];
    else chosen = there ? chosen.filter((other) => !sameOption(option, other)) : [...chosen, option];
    showChoice();
    if (!multiple) close();
    else if (isOpen()) search();
    change(chosen);
  }

  input.addEventListener("input", () => {
    open();
    clearTimeout(timer);
    if (!wait) search();
    else {
      wanted += 1;
      showNote("Searching…");
      timer = setTimeout(search, wait);
    }
  });
  box.addEventListener("click", (event) => {
    if (event.target.closest("button")) return;
    input.focus();
    open();
    if (!multiple) input.select();
  });
  clear.addEventListener("click", () => {
    chosen = [];
    showChoice();
    input.focus();
    change(chosen);
  });
  listbox.addEventListener("mousedown", (event) => event.preventDefault());
  node.addEventListener("focusout", (event) => {
    if (node.contains(event.relatedTarget)) return;
    close();
    showChoice();
  });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (!isOpen()) open();
      else if (options.length) activate((active + step + options.length) % options.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (!isOpen()) open();
      else if (options[active]) choose(options[active]);
    } else if (event.key === "Escape" && isOpen()) {
      event.preventDefault();
      event.stopPropagation();
      close();
      showChoice();
    } else if (event.key === "Backspace" && multiple && !input.value && chosen.length) choose(chosen.at(-1));
  });

  tether(listbox, box);
  showChoice();
  return node;
}
