// A button with a menu.

import { h, tether, uid } from "./dom.js";

// `items` are [{text, description, pick}]; `attributes` those of the button.
export function menuButton(attributes, content, items) {
  const menu = h("div", { role: "menu", class: "menu", popover: "auto", id: uid("menu"), "aria-label": attributes["aria-label"] });
  const opener = h("button", {
    type: "button", "aria-haspopup": "menu", "aria-expanded": "false", popovertarget: menu.id, ...attributes,
  }, content);
  const close = () => {
    menu.hidePopover();
    opener.focus();
  };
  for (const { text, description, pick } of items) {
    const note = description && h("span", { class: "option-description", "aria-hidden": "true", id: uid("note") }, description);
    const choose = () => {
      close();
      pick();
    };
    menu.append(h("button", {
      type: "button", role: "menuitem", tabindex: "-1", "aria-describedby": note?.id, onclick: choose,
    }, h("span", {}, text), note));
  }
  menu.addEventListener("toggle", ({ newState }) => {
    opener.setAttribute("aria-expanded", String(newState === "open"));
    if (newState === "open") menu.firstElementChild?.focus();
  });
  menu.addEventListener("keydown", (event) => {
    const rows = [...menu.children];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) rows.at((rows.indexOf(document.activeElement) + step) % rows.length).focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  tether(menu, opener);
  return h("span", {}, opener, menu);
}
