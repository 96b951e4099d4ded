// What a person has entered in the inputs of one surface (a view or a message), as Slack's element states.

const STATES = {
  plain_text_input: ["value", "initial_value"],
  email_text_input: ["value", "initial_value"],
  url_text_input: ["value", "initial_value"],
  number_input: ["value", "initial_value"],
  rich_text_input: ["rich_text_value", "initial_value"],
  static_select: ["selected_option", "initial_option"],
  external_select: ["selected_option", "initial_option"],
  users_select: ["selected_user", "initial_user"],
  conversations_select: ["selected_conversation", "initial_conversation"],
  channels_select: ["selected_channel", "initial_channel"],
  multi_static_select: ["selected_options", "initial_options"],
  multi_external_select: ["selected_options", "initial_options"],
  multi_users_select: ["selected_users", "initial_users"],
  multi_conversations_select: ["selected_conversations", "initial_conversations"],
  multi_channels_select: ["selected_channels", "initial_channels"],
  radio_buttons: ["selected_option", "initial_option"],
  checkboxes: ["selected_options", "initial_options"],
  datepicker: ["selected_date", "initial_date"],
  timepicker: ["selected_time", "initial_time"],
  datetimepicker: ["selected_date_time", "initial_date_time"],
  file_input: ["files", null],
};

// The property of an element's state that holds its value, or null for stateless elements.
export const valueKey = (element) => STATES[element.type]?.[0] ?? null;

function initialState(element) {
  const [key, initial] = STATES[element.type];
  const empty = /s$/.test(key) ? [] : null;
  return { type: element.type, [key]: element[initial] ?? empty };
}

function elementsOf(block) {
  return block.type === "actions" ? block.elements : [block.element, block.accessory].filter(Boolean);
}

export class Fields {
  #states = new Map();

  // Takes over the blocks of a new rendering: states of elements that are still there stay, others are forgotten,
  // new elements start with their initial value. True when none of the elements there before is left.
  adopt(blocks) {
    const before = this.#states;
    this.#states = new Map();
    let survivors = 0;
    for (const block of blocks) {
      for (const element of elementsOf(block).filter(valueKey)) {
        const key = JSON.stringify([block.block_id, element.action_id]);
        const state = before.get(key);
        if (state?.type === element.type) survivors += 1;
        this.#states.set(key, state?.type === element.type ? state : initialState(element));
      }
    }
    return survivors === 0;
  }

  get(blockId, actionId) {
    return this.#states.get(JSON.stringify([blockId, actionId]));
  }

  set(blockId, actionId, state) {
    this.#states.set(JSON.stringify([blockId, actionId]), state);
  }

  // Slack's state.values.
  values() {
    const values = {};
    for (const [key, state] of this.#states) {
      const [blockId, actionId] = JSON.parse(key);
      (values[blockId] ??= {})[actionId] = state;
    }
    return values;
  }
}
