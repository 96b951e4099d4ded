// Block Kit's blocks, and the surface (a message, a modal or App Home) they are drawn on.

import { text } from "./mrkdwn.js";
import { h, keepingFocus, reconcile, uid } from "./dom.js";
import { Fields } from "./fields.js";
import { renderElement, unknown } from "./elements.js";
import { richText } from "./rich_text.js";

export class Surface {
  #root = null;
  #blocks = [];

  // `session` speaks for the person acting; `container` is what Slack's payloads name this surface by.
  constructor(session, container) {
    this.session = session;
    this.container = container;
    this.fields = new Fields();
  }

  names() {
    return this.session.names();
  }

  // Draws the blocks into `root`. Blocks that did not change keep their nodes. True when no input of before is left.
  draw(root, blocks) {
    this.#root = root;
    this.#blocks = blocks;
    const fresh = this.fields.adopt(blocks);
    const items = blocks.map((block) => ({ block, key: block.block_id, signature: JSON.stringify(block) }));
    keepingFocus(root, () => reconcile(root, items, ({ block }) => renderBlock(block, this)));
    return fresh;
  }

  redraw() {
    for (const node of this.#root.children) node.signature = null;
    this.draw(this.#root, this.#blocks);
  }

  act(blockId, element, value) {
    return this.session.click(this, { block_id: blockId, action_id: element.action_id, value, state: this.fields.values() });
  }

  options(blockId, actionId, value) {
    return this.session.options({ container: this.container, block_id: blockId, action_id: actionId, value });
  }

  upload(file) {
    return this.session.upload(file);
  }

  edited(blockId) {
    this.#block(blockId)?.showError?.(null);
  }

  // Shows each error under its input and moves to the first one. Answers those of blocks that have no place for it.
  showErrors(errors) {
    for (const node of this.#root.children) node.showError?.(errors[node.dataset.key] ?? null);
    const [first] = this.#root.querySelectorAll("[aria-invalid=true]");
    first?.focus();
    return Object.entries(errors).filter(([blockId]) => !this.#block(blockId)?.showError).map(([, error]) => error);
  }

  #block(blockId) {
    return this.#root && [...this.#root.children].find((node) => node.dataset.key === blockId);
  }
}

function renderBlock(block, surface) {
  const node = BLOCKS[block.type]?.(block, surface) ?? unknown(block);
  node.classList.add("block", `block-${block.type}`);
  return node;
}

function section(block, surface) {
  const { accessory } = block;
  const names = surface.names();
  const part = (object) => h("div", { class: "text" }, text(object, names));
  const body = h("div", { class: "section-body" },
    block.text && part(block.text),
    block.fields && h("div", { class: "section-fields" }, block.fields.map(part)));
  const place = { surface, blockId: block.block_id, acts: true, attributes: {}, label: body.textContent };
  const drawn = accessory?.type === "image" ? image(accessory) : accessory && renderElement(accessory, place);
  return h("div", {}, body, drawn && h("div", { class: "accessory" }, drawn));
}

const image = (element) => h("img", { src: element.image_url, alt: element.alt_text });

function imageBlock(block, surface) {
  return h("figure", {}, block.title && h("figcaption", {}, text(block.title, surface.names())), image(block));
}

function context(block, surface) {
  const draw = (element) => (element.type === "image" ? image(element) : h("span", { class: "text" }, text(element, surface.names())));
  return h("div", {}, block.elements.map(draw));
}

function actions(block, surface) {
  const place = { surface, blockId: block.block_id, acts: true, attributes: {} };
  return h("div", {}, block.elements.map((element) => renderElement(element, place)));
}

const GROUPS = new Set(["radio_buttons", "checkboxes"]);

function input(block, surface) {
  const { element } = block;
  const [id, hintId, errorId] = [uid("input"), uid("hint"), uid("error")];
  const grouped = GROUPS.has(element.type);
  const described = [block.hint && hintId, errorId].filter(Boolean).join(" ");
  const place = {
    surface, blockId: block.block_id, acts: block.dispatch_action, optional: block.optional, grouped,
    attributes: { id, "aria-describedby": described, "aria-required": block.optional ? null : "true" },
  };
  const error = h("p", { class: "field-error", id: errorId });
  const label = h(grouped ? "span" : "label", { for: grouped ? null : id }, text({ type: "plain_text", text: block.label.text }));
  const node = h(grouped ? "fieldset" : "div", { "aria-describedby": grouped && described },
    grouped ? h("legend", {}, label) : label,
    block.optional && h("span", { class: "optional", "aria-hidden": "true" }, "Optional"),
    renderElement(element, place),
    block.hint && h("p", { class: "hint", id: hintId }, text({ type: "plain_text", text: block.hint.text })),
    error);
  node.showError = (message) => {
    error.textContent = message ?? "";
    for (const control of node.querySelectorAll("[data-control]")) {
      if (message) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    }
  };
  return node;
}

function table(block, surface) {
  const cell = (content) => (content.type === "rich_text" ? richText(content, surface.names()) : content.text);
  const [head, ...rows] = block.rows;
  return h("div", { tabindex: "0", role: "region", "aria-label": "Table" }, h("table", {},
    h("thead", {}, h("tr", {}, head.map((content) => h("th", { scope: "col" }, cell(content))))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((content) => h("td", {}, cell(content))))))));
}

const BLOCKS = {
  section,
  input,
  actions,
  context,
  table,
  image: imageBlock,
  divider: () => h("hr"),
  header: (block) => h("h3", {}, text(block.text)),
  rich_text: (block, surface) => richText(block, surface.names()),
};
