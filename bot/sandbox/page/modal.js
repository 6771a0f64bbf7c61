// A modal, over the conversation only: the other people and the world stay in reach.

import { blocks, textOf } from "./blocks.js";
import { el } from "./dom.js";
import { control } from "./elements.js";

// `deeds`: {fill(values), submit(values), close()}
export function modal(view, surface, deeds) {
  const readers = new Map();
  const values = () => Object.fromEntries([...readers].map(([key, read]) => [key, read()]));
  // The bot may draw the modal anew after a click: what was typed has to be known before.
  const inside = { ...surface };
  for (const deed of ["press", "choose"]) {
    inside[deed] = async (...args) => {
      if (readers.size) await deeds.fill(values());
      await surface[deed](...args);
    };
  }
  const fields = view.blocks.map((block) => {
    if (block.type !== "input") return blocks([block], inside);
    return field(block, view.errors?.[block.block_id], inside, readers);
  });
  const submit = view.submit
    ? el("button", { class: "primary", "data-testid": "modal-submit" }, view.submit.text)
    : null;
  const form = el(
    "form",
    { class: "modal-form", novalidate: true, autocomplete: "off" },
    el("div", { class: "modal-body" }, fields),
    el(
      "div",
      { class: "buttons" },
      el(
        "button",
        { type: "button", "data-testid": "modal-close", on: { click: deeds.close } },
        view.close?.text ?? "Close",
      ),
      submit,
    ),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!submit || submit.disabled) return;
    submit.disabled = true;
    try {
      await deeds.submit(values());
    } finally {
      submit.disabled = false;
    }
  });
  const node = el(
    "div",
    { class: "modal", role: "dialog", "aria-labelledby": "modal-title", "data-testid": "modal" },
    el("h2", { id: "modal-title" }, textOf(view.title, surface)),
    form,
  );
  node.addEventListener("keydown", (event) => {
    if (event.key === "Escape") deeds.close();
  });
  return el("div", { class: "modal-shade" }, node);
}

export function focusFirst(place) {
  const first =
    place.querySelector("[aria-invalid]") ??
    place.querySelector("[data-focus]") ??
    place.querySelector("input, textarea, select, button");
  first?.focus();
}

// The bot may draw the same modal anew while somebody types: what they typed since stays, as in Slack.
export function typedIn(place) {
  const fields = place.querySelectorAll("input[id^='f-'], textarea[id^='f-'], select[id^='f-']");
  const active = place.contains(document.activeElement) ? document.activeElement : null;
  return {
    values: [...fields].map((node) => [node.id, node.value]),
    focus: active?.id ?? "",
    cursor: active?.selectionStart ?? null,
  };
}

export function restore(place, kept) {
  for (const [id, value] of kept.values) {
    const node = document.getElementById(id);
    const offered = node?.tagName !== "SELECT" || [...node.options].some((o) => o.value === value);
    if (node && offered && node.value !== value) node.value = value;
  }
  const node = kept.focus ? document.getElementById(kept.focus) : null;
  node?.focus();
  if (node && kept.cursor !== null) node.setSelectionRange?.(kept.cursor, kept.cursor);
}

function field(block, error, surface, readers) {
  const part = block.element;
  const id = `f-${block.block_id}`;
  const described = [error ? `${id}-error` : "", block.hint ? `${id}-hint` : ""].join(" ").trim();
  const { node, read } = control(
    part,
    surface.state(block.block_id, part.action_id),
    {
      id,
      "data-testid": `field-${block.block_id}`,
      "aria-describedby": described || undefined,
      "aria-invalid": error ? "true" : undefined,
      "data-focus": part.focus_on_load ? "first" : undefined,
    },
    surface.screen,
  );
  readers.set(block.block_id, read);
  if (block.dispatch_action) node.addEventListener("change", () => surface.choose(part, read()));
  return el(
    "div",
    { class: error ? "field wrong" : "field" },
    el(
      "label",
      { for: id },
      block.label.text,
      block.optional ? el("span", { class: "optional" }, " (optional)") : null,
    ),
    node,
    error
      ? el("p", { id: `${id}-error`, class: "error", "data-testid": `error-${block.block_id}` }, error)
      : null,
    block.hint ? el("p", { id: `${id}-hint`, class: "hint" }, block.hint.text) : null,
  );
}
