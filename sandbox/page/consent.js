// The provider's consent page: search, select all or none, and a button that says how many.

import { h } from "./dom.js";

const fieldset = document.querySelector("fieldset[data-several=yes]");
if (fieldset) {
  const list = fieldset.querySelector(".consent-choices");
  const choices = [...list.querySelectorAll(".choice")].map((node) => ({
    node, box: node.querySelector("input"), name: node.textContent.toLowerCase(),
  }));
  const allow = document.querySelector("button[value=allow]");

  const count = () => {
    const chosen = choices.filter(({ box }) => box.checked).length;
    allow.textContent = `Continue with ${chosen} ${chosen === 1 ? "organisation" : "organisations"}`;
  };
  const tick = (checked) => {
    for (const { node, box } of choices) if (!node.hidden) box.checked = checked;
    count();
  };
  const search = (event) => {
    const words = event.target.value.trim().toLowerCase();
    for (const { node, name } of choices) node.hidden = !name.includes(words);
  };

  list.before(h("p", { class: "consent-tools" },
    h("label", { for: "search" }, "Search"),
    h("input", { id: "search", type: "search", oninput: search, onkeydown: (event) => event.key === "Enter" && event.preventDefault() }),
    h("button", { class: "button", type: "button", onclick: () => tick(true) }, "Select all"),
    h("button", { class: "button", type: "button", onclick: () => tick(false) }, "Select none")));
  list.addEventListener("change", count);
  count();
}
