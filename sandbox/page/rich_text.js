// Display of rich_text blocks.

import { emoji } from "./emoji.js";
import { h } from "./dom.js";
import { text } from "./mrkdwn.js";

const STYLES = { bold: "strong", italic: "em", strike: "s", code: "code" };

function link({ url, text: label = url }) {
  if (!/^(https?:\/\/|mailto:)/i.test(url)) return label;
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label);
}

function piece(element, names) {
  const mrkdwn = (source) => text({ type: "mrkdwn", text: source }, names);
  switch (element.type) {
    case "text": return element.text;
    case "link": return link(element);
    case "user": return mrkdwn(`<@${element.user_id}>`);
    case "channel": return mrkdwn(`<#${element.channel_id}>`);
    case "broadcast": return mrkdwn(`<!${element.range}>`);
    case "date": return mrkdwn(`<!date^${element.timestamp}^${element.format}|${element.fallback ?? ""}>`);
    case "emoji": return emoji(element.name) ? mrkdwn(`:${element.name}:`) : `:${element.name}:`;
    default: return `[${element.type}]`;
  }
}

function styled(element, names) {
  const wrap = (content, style) => (STYLES[style] && element.style[style] ? h(STYLES[style], {}, content) : content);
  return Object.keys(element.style ?? {}).reduce(wrap, piece(element, names));
}

const PARTS = {
  rich_text_section: "div",
  rich_text_quote: "blockquote",
  rich_text_preformatted: "pre",
};

function part(element, names) {
  if (element.type === "rich_text_list") {
    return h(element.style === "ordered" ? "ol" : "ul", {}, element.elements.map((item) => h("li", {}, part(item, names))));
  }
  return h(PARTS[element.type] ?? "div", {}, (element.elements ?? []).map((item) => styled(item, names)));
}

export function richText(block, names) {
  return h("div", { class: "text" }, block.elements.map((element) => part(element, names)));
}
