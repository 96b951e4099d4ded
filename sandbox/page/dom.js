// Small helpers to build and reconcile DOM nodes. Text always goes in as text nodes.

let serial = 0;
export const uid = (prefix) => `${prefix}-${++serial}`;

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const ICONS = {
  bolt: "M11 2 4 12h5l-1 6 8-11h-5z",
  close: "M5 5l10 10M15 5 5 15",
  send: "M3 10 17 3l-4 14-3-6zM10 11l7-8",
  menu: "M3 5h14M3 10h14M3 15h14",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  mail: "M3 5h14v10H3zM3 6l7 5 7-5",
  phone: "M6 2.5h8v15H6zM9 15h2",
  ledger: "M4 3h12v14H4zM4 7.5h12M8 7.5V17M11 11h2.5M11 14h2.5",
  eye: "M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5zM10 12.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4z",
  chevron: "M5 8l5 5 5-5",
  alert: "M10 6v5M10 14h.01M10 2.5 1.8 17h16.4z",
  file: "M5 2.5h6.5L16 7v10.5H5zM11 3v4.5h4.5M8 11h5M8 14h5",
  external: "M8 4H4v12h12v-4M11 3h6v6M17 3l-8 8",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  const attributes = { viewBox: "0 0 20 20", class: "icon", "aria-hidden": "true" };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  return svg;
}

export function iconButton(name, label, attributes = {}) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, ...attributes }, icon(name));
}

const HUES = ["teal", "plum", "amber", "blue", "rose", "moss"];

export function avatar(name, kind = "person") {
  const words = name.replace(/[^\p{L}\p{N} ]/gu, "").split(" ").filter(Boolean);
  const initials = (words[0]?.[0] ?? "?") + (words.length > 1 ? words.at(-1)[0] : "");
  const hue = kind === "app" ? "app" : HUES[[...name].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % HUES.length];
  return h("span", { class: `avatar avatar-${hue}`, "aria-hidden": "true" }, initials.toUpperCase());
}

export const FOCUSABLE = "a[href], button, input, textarea, select, [tabindex='0']";

// Brings `parent`'s children in line with `items`; a child whose key and signature are unchanged stays as it is,
// with what was typed in it.
export function reconcile(parent, items, build) {
  const before = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  let cursor = parent.firstElementChild;
  for (const item of items) {
    let node = before.get(item.key);
    if (!node || node.signature !== item.signature) {
      node = build(item);
      node.dataset.key = item.key;
      node.signature = item.signature;
    }
    const replaced = before.get(item.key);
    before.delete(item.key);
    if (replaced && replaced !== node) {
      if (cursor === replaced) cursor = replaced.nextElementSibling;
      replaced.replaceWith(node);
      if (node.nextElementSibling !== cursor) parent.insertBefore(node, cursor);
    } else if (node === cursor) cursor = cursor.nextElementSibling;
    else parent.insertBefore(node, cursor);
  }
  before.forEach((node) => node.remove());
}

// Runs `render`, then gives focus (and the caret) back to the control of the same name, if it was drawn anew.
export function keepingFocus(root, render) {
  const focused = document.activeElement;
  const name = root.contains(focused) ? focused.dataset.focus : null;
  const caret = name && "selectionStart" in focused ? [focused.selectionStart, focused.selectionEnd] : null;
  render();
  if (!name || root.contains(focused)) return;
  const again = root.querySelector(`[data-focus="${CSS.escape(name)}"]`);
  again?.focus({ preventScroll: true });
  if (again && caret && caret[0] !== null) again.setSelectionRange?.(...caret);
}

// Lets CSS place a popover beside its anchor, and keep it there.
export function tether(popup, anchor) {
  anchor.style.anchorName = `--${popup.id}`;
  popup.style.positionAnchor = `--${popup.id}`;
}
