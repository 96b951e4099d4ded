// The emoji names that apps use most. Those in DRAWN have a picture in emoji.svg, so that they look alike on every machine.

const DRAWN = new Set([
  "white_check_mark", "heavy_check_mark", "warning", "x", "no_entry", "information_source", "hourglass_flowing_sand", "email", "lock", "tada", "bulb",
  "link", "bell", "large_green_circle", "large_yellow_circle", "red_circle", "white_circle", "wave", "sparkles",
]);
const ALIASES = {
  hourglass: "hourglass_flowing_sand", envelope: "email", incoming_envelope: "email", "e-mail": "email", ballot_box_with_check: "heavy_check_mark",
  no_entry_sign: "no_entry", closed_lock_with_key: "lock", large_orange_circle: "large_yellow_circle", heavy_multiplication_x: "x",
};
const CHARACTERS = {
  arrow_right: "→", arrow_left: "←", arrow_up: "↑", arrow_down: "↓", star: "★", pencil2: "✎", phone: "☎", zap: "⚡", thumbsup: "👍", "+1": "👍",
  smile: "😄", rocket: "🚀", eyes: "👀", office: "🏢", calendar: "📅", date: "📅", page_facing_up: "📄", clipboard: "📋", bust_in_silhouette: "👤",
  busts_in_silhouette: "👥", mag: "🔍", gear: "⚙", key: "🔑", paperclip: "📎", question: "❓", heavy_plus_sign: "➕", repeat: "🔁", pound: "💷",
};

// The HTML of an emoji, or null for a name that is not in the table.
export function emoji(name) {
  const known = ALIASES[name] ?? name;
  const label = name.replace(/_/g, " ");
  if (DRAWN.has(known)) return `<svg class="emoji" role="img" aria-label="${label}"><use href="emoji.svg#${known}"/></svg>`;
  const character = Object.hasOwn(CHARACTERS, known) ? CHARACTERS[known] : null;
  return character && `<span class="emoji" role="img" aria-label="${label}">${character}</span>`;
}
