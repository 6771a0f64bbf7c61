// Block Kit's interactive elements, as form controls. Each comes with a way to read its value.

import { el } from "./dom.js";

const words = (text) => text?.text ?? "";
const options = (element) =>
  element.options ?? (element.option_groups ?? []).flatMap((group) => group.options);

// The control, and `read()`: what the person put in, as the workspace wants it.
export function control(element, state, attributes, screen) {
  const build = CONTROLS[element.type];
  if (!build) {
    return { node: el("em", { class: "unknown" }, `(${element.type})`), read: () => undefined };
  }
  return build(element, state ?? {}, attributes, screen);
}

function typed(element, state, attributes, kind) {
  const shared = {
    ...attributes,
    value: state.value ?? element.initial_value ?? "",
    placeholder: words(element.placeholder) || undefined,
    maxlength: element.max_length,
  };
  const node = element.multiline ? el("textarea", { ...shared, rows: 4 }) : el("input", { ...shared, type: kind });
  return { node, read: () => node.value };
}

function picked(element, attributes, choices, chosen, many = false) {
  const head = many ? [] : [el("option", { value: "" }, words(element.placeholder) || "Choose…")];
  const node = el(
    "select",
    { ...attributes, multiple: many },
    head,
    choices.map(([value, text]) =>
      el("option", { value, selected: chosen.includes(value) }, text),
    ),
  );
  const read = () => (many ? [...node.selectedOptions].map((option) => option.value) : node.value);
  return { node, read };
}

function ticked(element, state, attributes, kind) {
  const chosen = [
    ...(state.selected_options ?? element.initial_options ?? []),
    state.selected_option ?? element.initial_option,
  ]
    .filter(Boolean)
    .map((option) => option.value);
  const boxes = options(element).map((option) =>
    el("input", {
      type: kind,
      name: attributes.id,
      value: option.value,
      checked: chosen.includes(option.value),
    }),
  );
  const node = el(
    "div",
    { ...attributes, role: "group", class: "ticks" },
    boxes.map((box, index) => el("label", {}, box, ` ${words(options(element)[index].text)}`)),
  );
  const read = () => {
    const values = boxes.filter((box) => box.checked).map((box) => box.value);
    return kind === "checkbox" ? values : (values[0] ?? "");
  };
  return { node, read };
}

const fromOptions = (element) => options(element).map((o) => [o.value, words(o.text)]);
const people = (screen) => screen.people.map((person) => [person.id, person.name]);
const channels = (screen) => screen.channels.map((channel) => [channel.id, `#${channel.name}`]);

const CONTROLS = {
  plain_text_input: (e, s, a) => typed(e, s, a, "text"),
  number_input: (e, s, a) => typed(e, s, { ...a, inputmode: "decimal" }, "text"),
  email_text_input: (e, s, a) => typed(e, s, a, "email"),
  url_text_input: (e, s, a) => typed(e, s, a, "url"),
  datepicker: (e, s, a) => typed(e, { value: s.selected_date ?? e.initial_date }, a, "date"),
  timepicker: (e, s, a) => typed(e, { value: s.selected_time ?? e.initial_time }, a, "time"),
  static_select: (e, s, a) =>
    picked(e, a, fromOptions(e), [(s.selected_option ?? e.initial_option)?.value]),
  overflow: (e, s, a) => picked({ ...e, placeholder: { text: "⋯" } }, a, fromOptions(e), []),
  users_select: (e, s, a, screen) =>
    picked(e, a, people(screen), [s.selected_user ?? e.initial_user]),
  channels_select: (e, s, a, screen) =>
    picked(e, a, channels(screen), [s.selected_channel ?? e.initial_channel]),
  conversations_select: (e, s, a, screen) =>
    picked(e, a, channels(screen), [s.selected_conversation ?? e.initial_conversation]),
  multi_static_select: (e, s, a) => {
    const chosen = (s.selected_options ?? e.initial_options ?? []).map((o) => o.value);
    return picked(e, a, fromOptions(e), chosen, true);
  },
  multi_users_select: (e, s, a, screen) =>
    picked(e, a, people(screen), s.selected_users ?? e.initial_users ?? [], true),
  checkboxes: (e, s, a) => ticked(e, s, a, "checkbox"),
  radio_buttons: (e, s, a) => ticked(e, s, a, "radio"),
};
