// Slack's mrkdwn to HTML. The whole source is escaped first; after that only this module's own tags are added, and
// every piece of the source stays escaped, in text and in attributes alike.

import { emoji } from "./emoji.js";

const HTML = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
export const escape = (source) => source.replace(/[&<>"']/g, (character) => HTML[character]);

// Slack's three entities, which the escaping has doubled, become what they stand for.
const decode = (safe) => safe.replace(/&amp;(amp|lt|gt);/g, "&$1;");

const SAFE_LINK = /^(https?:\/\/|mailto:)/i;
const BREAK = /```\n?([\s\S]*?)```\n?/g;
const TOKEN = /&lt;(?<token>(?:(?!&lt;|&gt;)[^\n])*)&gt;/;
const EMOJI = /:(?<emoji>[a-z0-9_+-]+):/g;
const INLINE = new RegExp(
  [
    /`(?<code>[^`\n]+)`/,
    TOKEN,
    /(?<![\w*])\*(?=\S)(?<bold>[^*\n]+)(?<=\S)\*(?![\w*])/,
    /(?<!\w)_(?=\S)(?<italic>[^_\n]+)(?<=\S)_(?!\w)/,
    /(?<![\w~])~(?=\S)(?<strike>[^~\n]+)(?<=\S)~(?![\w~])/,
    /(?<url>https?:\/\/(?:(?!&(?:lt|gt|quot|#39);|&amp;(?:lt|gt);|[*_~]+(?:\s|$))[^\s|])+)/,
    EMOJI,
  ].map((part) => part.source).join("|"),
  "g",
);
const LITERAL = new RegExp(/&lt;(?<token>[^\n]*?)&gt;/.source, "g");
const TAGS = { bold: "strong", italic: "em", strike: "s" };

export function anchor(safeUrl, safeLabel) {
  return `<a href="${safeUrl}" target="_blank" rel="noopener noreferrer">${safeLabel}</a>`;
}

// `names` gives people and conversations by id, and the reader's time zone: {people, conversations, tz}.
export function mrkdwn(source, names = {}) {
  const safe = escape(source);
  let html = "";
  let end = 0;
  for (const match of safe.matchAll(BREAK)) {
    html += lines(safe.slice(end, match.index), names) + `<pre>${inline(match[1], names, LITERAL)}</pre>`;
    end = match.index + match[0].length;
  }
  return html + lines(safe.slice(end), names);
}

function lines(safe, names) {
  const parts = [];
  for (const line of safe.split("\n")) {
    const quoted = /^(?:&gt;|&amp;gt;) ?(.*)$/.exec(line);
    const last = parts.at(-1);
    if (last && last.quote === Boolean(quoted)) last.lines.push(quoted ? quoted[1] : line);
    else parts.push({ quote: Boolean(quoted), lines: [quoted ? quoted[1] : line] });
  }
  return parts.map(({ quote, lines: text }) => {
    const html = inline(text.join("\n"), names, INLINE);
    return quote ? `<blockquote>${html}</blockquote>` : html;
  }).join("");
}

function inline(safe, names, pattern) {
  let html = "";
  let end = 0;
  for (const match of safe.matchAll(pattern)) {
    html += decode(safe.slice(end, match.index)) + span(match, names);
    end = match.index + match[0].length;
  }
  return html + decode(safe.slice(end));
}

function span({ 0: whole, groups }, names) {
  if (groups.code !== undefined) return `<code>${inline(groups.code, names, LITERAL)}</code>`;
  if (groups.token !== undefined) return token(groups.token, names);
  if (groups.url !== undefined) return link(groups.url);
  if (groups.emoji !== undefined) return emoji(groups.emoji) ?? whole;
  const [style] = Object.keys(TAGS).filter((name) => groups[name] !== undefined);
  return `<${TAGS[style]}>${inline(groups[style], names, INLINE)}</${TAGS[style]}>`;
}

function link(url) {
  const [, target, rest] = /^(.*?)([.,;:!?)]*)$/.exec(url);
  return anchor(decode(target), decode(target)) + rest;
}

const nameOf = (known, id) => (known && Object.hasOwn(known, id) ? known[id].name : id);

function token(body, names) {
  const bar = body.indexOf("|");
  const target = bar < 0 ? body : body.slice(0, bar);
  const label = bar < 0 ? null : decode(body.slice(bar + 1));
  const [kind, id] = [target[0], target.slice(1)];
  if (kind === "@") return `<span class="mention">@${label ?? escape(nameOf(names.people, id))}</span>`;
  if (kind === "#") return `<span class="mention">#${label ?? escape(nameOf(names.conversations, id).replace(/^#/, ""))}</span>`;
  if (id.startsWith("date^") && kind === "!") return date(id.split("^"), label ?? "", names.tz);
  if (kind === "!") return `<span class="mention mention-broadcast">@${label ?? decode(id.split("^")[0])}</span>`;
  if (SAFE_LINK.test(target)) return anchor(decode(target), label ? inline(body.slice(bar + 1), names, EMOJI) : decode(target));
  return decode(`&lt;${body}&gt;`);
}

const DAY = 86_400_000;

export function dayName(when, timeZone) {
  const day = (moment) => new Date(moment).toLocaleDateString("en-CA", { timeZone });
  const days = [0, -1, 1].map((distance) => day(Date.now() + distance * DAY));
  return ["today", "yesterday", "tomorrow"][days.indexOf(day(when))] ?? null;
}

function date([, seconds, format, url], fallback, timeZone) {
  const when = new Date(Number(seconds) * 1000);
  if (!format || Number.isNaN(when.valueOf())) return fallback;
  const show = (options) => escape(when.toLocaleString("en-GB", { timeZone, ...options }));
  const forms = {
    date_num: () => when.toLocaleDateString("en-CA", { timeZone }),
    date: () => show({ day: "numeric", month: "long", year: "numeric" }),
    date_short: () => show({ day: "numeric", month: "short", year: "numeric" }),
    date_long: () => show({ weekday: "long", day: "numeric", month: "long", year: "numeric" }),
    time: () => show({ hour: "2-digit", minute: "2-digit" }),
    time_secs: () => show({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  };
  const text = format.replace(/\{(\w+)\}/g, (whole, name) => {
    const plain = name.replace("_pretty", "");
    if (name !== plain && dayName(when, timeZone)) return dayName(when, timeZone);
    return Object.hasOwn(forms, plain) ? forms[plain]() : whole;
  });
  const html = `<time datetime="${when.toISOString()}">${decode(text)}</time>`;
  return url && SAFE_LINK.test(url) ? anchor(decode(url), html) : html;
}

// The node of a text object: mrkdwn is rendered, plain_text never is (but for emoji names).
export function text(object, names = {}) {
  const template = document.createElement("template");
  const plain = (value) => escape(value).replace(EMOJI, (whole, name) => emoji(name) ?? whole);
  template.innerHTML = object.type === "mrkdwn" ? mrkdwn(object.text, names) : plain(object.text);
  return template.content;
}
