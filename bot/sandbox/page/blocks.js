// Block Kit as DOM nodes: what stands in messages, modals and the Home tab.

import { el } from "./dom.js";
import { control } from "./elements.js";
import { mrkdwn, plain } from "./mrkdwn.js";

// `surface`: {press(element), choose(element, value), state(block_id, action_id), screen}
export function blocks(list, surface) {
  return list.map((block) => {
    const draw = BLOCKS[block.type];
    return draw ? draw(block, surface) : el("p", { class: "unknown" }, `(${block.type})`);
  });
}

export function textOf(text, surface) {
  if (!text) return [];
  return text.type === "mrkdwn" ? mrkdwn(text.text, surface.screen.names) : plain(text.text);
}

const BLOCKS = {
  header: (block, surface) => el("h3", { class: "b-header" }, textOf(block.text, surface)),
  divider: () => el("hr"),
  section(block, surface) {
    return el(
      "div",
      { class: "b-section" },
      el(
        "div",
        { class: "b-main" },
        block.text ? el("div", {}, textOf(block.text, surface)) : null,
        block.fields
          ? el(
              "div",
              { class: "b-fields" },
              block.fields.map((field) => el("div", {}, textOf(field, surface))),
            )
          : null,
      ),
      block.accessory ? element(block.accessory, block, surface) : null,
    );
  },
  context: (block, surface) =>
    el(
      "div",
      { class: "b-context" },
      block.elements.map((part) =>
        part.type === "image" ? image(part) : el("span", {}, textOf(part, surface)),
      ),
    ),
  actions: (block, surface) =>
    el(
      "div",
      { class: "b-actions" },
      block.elements.map((part) => element(part, block, surface)),
    ),
  image: (block) => image(block),
  markdown: (block) => el("div", { class: "b-section" }, plain(block.text)),
  rich_text: (block, surface) => el("div", { class: "b-section" }, rich(block, surface)),
  table(block, surface) {
    const cell = (name, part) => el(name, {}, part.type === "rich_text" ? rich(part, surface) : (part.text ?? ""));
    const [head, ...rows] = block.rows;
    return el(
      "table",
      { class: "b-table" },
      el("thead", {}, el("tr", {}, head.map((part) => cell("th", part)))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map((part) => cell("td", part))))),
    );
  },
};

// Pictures are not loaded: the demo shows their words.
const image = (part) => el("span", { class: "b-image" }, `[${part.alt_text}]`);

function rich(block, surface) {
  return (block.elements ?? []).map((part) => {
    if (part.type === "text") {
      const style = part.style ?? {};
      const name = style.code ? "code" : style.bold ? "strong" : style.italic ? "em" : "span";
      return el(name, {}, plain(part.text));
    }
    if (part.type === "link") return el("span", {}, mrkdwn(`<${part.url}|${part.text ?? part.url}>`, surface.screen.names));
    if (part.type === "user") return el("span", {}, mrkdwn(`<@${part.user_id}>`, surface.screen.names));
    if (part.type === "channel") return el("span", {}, mrkdwn(`<#${part.channel_id}>`, surface.screen.names));
    if (part.type === "rich_text_list") {
      return el("ul", {}, part.elements.map((item) => el("li", {}, rich(item, surface))));
    }
    return el(part.type === "rich_text_preformatted" ? "pre" : "div", {}, rich(part, surface));
  });
}

export function element(part, block, surface) {
  if (part.type === "image") return image(part);
  if (part.type === "button") return button(part, surface);
  const attributes = {
    id: `e-${block.block_id}-${part.action_id}`,
    "aria-label": part.placeholder?.text ?? part.action_id,
    "data-testid": `choose-${part.action_id}`,
  };
  const state = surface.state(block.block_id, part.action_id);
  const { node, read } = control(part, state, attributes, surface.screen);
  node.addEventListener("change", () => {
    if (read() !== "") surface.choose(part, read());
  });
  return node;
}

function button(part, surface) {
  if (part.url && /^https?:/i.test(part.url)) {
    return el("a", { class: "button", href: part.url, target: "_blank", rel: "noreferrer" }, part.text.text);
  }
  const node = el(
    "button",
    {
      type: "button",
      class: part.style ?? "",
      "aria-label": part.accessibility_label,
      "data-testid": `press-${part.action_id}`,
    },
    part.text.text,
  );
  node.addEventListener("click", async () => {
    node.disabled = true;
    try {
      await surface.press(part);
    } finally {
      node.disabled = false;
    }
  });
  return node;
}
