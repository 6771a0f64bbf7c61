// One message as it stands now.

import { blocks } from "./blocks.js";
import { el } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";

export function drawMessage(message, bot, surface) {
  const { names } = surface.screen;
  const fromBot = message.user === bot;
  const name = names.people[message.user] ?? message.user;
  return el(
    "article",
    {
      class: message.ephemeral ? "message whisper" : "message",
      "data-testid": message.ephemeral ? "message-ephemeral" : "message",
      "data-ts": message.ts,
    },
    el(
      "span",
      { class: `face ${fromBot ? "face-bot" : `face-${face(message.user)}`}`, "aria-hidden": "true" },
      fromBot ? "b" : name[0],
    ),
    el(
      "div",
      { class: "message-body" },
      el(
        "p",
        { class: "message-head" },
        el("b", {}, name),
        fromBot ? el("span", { class: "app" }, "APP") : null,
        el("time", {}, clock(message.ts, names.zone)),
        message.edited ? el("span", { class: "edited" }, "edited") : null,
      ),
      message.ephemeral ? el("p", { class: "only-you" }, "Only visible to you") : null,
      message.blocks?.length
        ? blocks(message.blocks, surface)
        : el("div", { class: "b-section" }, mrkdwn(message.text, names)),
    ),
  );
}

function clock(ts, zone) {
  const at = new Date(Number(ts.split(".")[0]) * 1000);
  const form = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...form }).format(at);
}

export const face = (id) => [...id].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 6;
