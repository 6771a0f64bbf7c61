// The Slack side: who you are, your conversations, their messages, the modal on your screen.

import { blocks } from "./blocks.js";
import { confirmed } from "./confirm.js";
import { el, keep, redraw } from "./dom.js";
import { focusFirst, modal } from "./modal.js";
import { mrkdwn } from "./mrkdwn.js";
import { post } from "./wire.js";

const HOME = "home";
const byId = (id) => document.getElementById(id);
const seen = new Map(); // "person room" -> how many messages were read

let slack = null;
let world = null;
let you = null;
let room = "dm";
let drawnModal = null;

export function slackChanged(state) {
  slack = state;
  you ??= state.people[0]?.id;
  draw();
}

export function worldChanged(state) {
  const first = world === null;
  world = state;
  if (first) draw();
}

export function notice(text) {
  const place = byId("notice");
  place.textContent = text;
  place.hidden = !text;
}

// -- what can be seen ---------------------------------------------------------------------------

const screen = () => ({
  people: slack.people,
  channels: slack.channels,
  names: {
    people: Object.fromEntries([slack.bot, ...slack.people].map((p) => [p.id, p.name])),
    channels: Object.fromEntries(slack.channels.map((c) => [c.id, c.name])),
    zone: world?.zone ?? "UTC",
  },
});

function roomsOf(person) {
  const channels = slack.channels.filter((c) => c.members.includes(person) && !c.is_archived);
  return [
    { key: "dm", id: slack.dms[person]?.id, title: slack.bot.name, mark: "●", note: "Direct messages with the bot; only you see them." },
    ...channels.map((c) => ({ key: c.name, id: c.id, title: c.name, mark: "#", note: membersOf(c) })),
    { key: HOME, id: null, title: "Home", mark: "⌂", note: "The bot's Home tab." },
  ];
}

function membersOf(channel) {
  const { people } = screen().names;
  return channel.members.filter((id) => id !== slack.bot.id).map((id) => people[id]).join(", ");
}

function messagesIn(person, id) {
  const channel = slack.channels.find((c) => c.id === id) ?? Object.values(slack.dms).find((d) => d.id === id);
  const hidden = slack.ephemerals.filter((m) => m.to === person && m.channel === id);
  return [...(channel?.messages ?? []), ...hidden].sort((a, b) => order(a.ts, b.ts));
}

function order(a, b) {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  return left[0] - right[0] || left[1] - right[1];
}

function unread(person, one) {
  if (!one.id) return 0;
  return messagesIn(person, one.id).length - (seen.get(`${person} ${one.key}`) ?? 0);
}

const current = () => roomsOf(you).find((one) => one.key === room) ?? roomsOf(you)[0];

// -- drawing ------------------------------------------------------------------------------------

function draw() {
  if (!slack || !you) return;
  const here = current();
  room = here.key;
  if (here.id) seen.set(`${you} ${room}`, messagesIn(you, here.id).length);
  drawPeople();
  drawRooms();
  drawHead(here);
  drawMessages(here);
  drawModal();
}

const badge = (count) =>
  count > 0 ? el("span", { class: "badge", "aria-label": `${count} new` }, String(count)) : null;

function drawPeople() {
  const rows = slack.people.map((person) => {
    const count = roomsOf(person.id).filter((r) => r.key === "dm").reduce((n, r) => n + unread(person.id, r), 0);
    return { person, count, chosen: person.id === you, part: world?.parts[person.id] ?? "" };
  });
  redraw(byId("people"), JSON.stringify(rows), () =>
    rows.map(({ person, count, chosen, part }) =>
      el(
        "button",
        {
          class: "row person",
          "aria-pressed": String(chosen),
          "data-testid": `person-${person.handle}`,
          on: { click: () => become(person.id) },
        },
        el("span", { class: `face face-${face(person.id)}`, "aria-hidden": "true" }, person.name[0]),
        el("span", { class: "row-text" }, el("b", {}, person.name), el("small", {}, part)),
        badge(count),
      ),
    ),
  );
}

function drawRooms() {
  const rows = roomsOf(you).map((one) => ({ ...one, count: unread(you, one), chosen: one.key === room }));
  redraw(byId("rooms"), JSON.stringify([you, rows]), () =>
    rows.map((one) =>
      el(
        "button",
        {
          class: "row room",
          "aria-pressed": String(one.chosen),
          "data-testid": `conversation-${one.key}`,
          on: { click: () => enter(one.key) },
        },
        el("span", { class: "mark", "aria-hidden": "true" }, one.mark),
        el("span", { class: "row-text" }, one.title),
        badge(one.count),
      ),
    ),
  );
}

function drawHead(here) {
  byId("room-name").textContent = here.mark === "#" ? `#${here.title}` : here.title;
  byId("room-note").textContent = here.note;
  byId("composer").hidden = here.key === HOME;
  const to = here.mark === "#" ? `#${here.title}` : here.title;
  byId("composer-input").placeholder = `Write to ${to}, or a command`;
  const command = world?.command ?? "/budget";
  redraw(byId("suggestions"), command, () =>
    ["status", "status all", "request", "help"].map((word) =>
      el(
        "button",
        {
          type: "button",
          class: "chip",
          "data-testid": `suggest-${word.replace(" ", "-")}`,
          on: { click: () => suggest(`${command} ${word}`) },
        },
        `${command} ${word}`,
      ),
    ),
  );
}

function drawMessages(here) {
  const place = byId("messages");
  const atEnd = place.scrollHeight - place.scrollTop - place.clientHeight < 80;
  const moved = place.dataset.room !== `${you} ${here.key}`;
  if (moved) keep(place, [], null);
  place.dataset.room = `${you} ${here.key}`;
  const before = place.childElementCount;
  keep(place, here.key === HOME ? homeItems() : messageItems(here), (build) => build());
  if (moved || (atEnd && before !== place.childElementCount)) place.scrollTop = place.scrollHeight;
}

function messageItems(here) {
  const found = messagesIn(you, here.id).map((message) => ({
    key: `${message.ephemeral} ${message.ts}`,
    signature: JSON.stringify(message),
    item: () => drawMessage(message),
  }));
  return found.length ? found : [empty("Nothing here yet.")];
}

function homeItems() {
  const view = slack.homes[you];
  if (!view) return [empty("The bot has not published a Home tab for you.")];
  const surface = surfaceOf({ view_id: view.id }, view);
  return [
    {
      key: "home",
      signature: `${view.hash} ${JSON.stringify(view.state)}`,
      item: () => el("div", { class: "home", "data-testid": "home" }, blocks(view.blocks, surface)),
    },
  ];
}

const empty = (text) => ({
  key: "empty",
  signature: text,
  item: () => el("p", { class: "empty" }, text),
});

function drawMessage(message) {
  const { names } = screen();
  const fromBot = message.user === slack.bot.id;
  const surface = surfaceOf({ channel: message.channel, ts: message.ts }, message);
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

function drawModal() {
  const place = byId("modal-place");
  const view = slack.views[you]?.at(-1);
  const signature = view ? JSON.stringify([you, view.id, view.hash, view.errors]) : "";
  if (signature === drawnModal) return;
  drawnModal = signature;
  if (!view) {
    const had = place.childElementCount > 0;
    place.replaceChildren();
    if (had) byId("messages").focus();
    return;
  }
  const deeds = {
    submit: (values) => act({ do: "submit", values }),
    close: () => act({ do: "close" }),
  };
  place.replaceChildren(modal(view, surfaceOf({ view_id: view.id }, view), deeds));
  focusFirst(place);
}

function clock(ts, zone) {
  const at = new Date(Number(ts.split(".")[0]) * 1000);
  const form = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...form }).format(at);
}

const face = (id) => [...id].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 6;

// -- what can be done ---------------------------------------------------------------------------

function surfaceOf(where, thing) {
  const surface = {
    screen: screen(),
    state: (block, action) => thing.state?.values?.[block]?.[action],
    async press(element) {
      if (element.confirm && !(await confirmed(element.confirm, surface))) return;
      await act({ do: "press", action_id: element.action_id, value: element.value, ...where });
    },
    async choose(element, value) {
      if (element.confirm && !(await confirmed(element.confirm, surface))) return;
      await act({ do: "choose", action_id: element.action_id, value, ...where });
    },
  };
  return surface;
}

async function act(deed) {
  notice("");
  try {
    const answer = await post("/sandbox/act", { person: you, ...deed });
    if (!answer.ok) notice(answer.error);
    else if (answer.warning) notice(`Slack says: ${answer.warning}`);
    return answer.ok;
  } catch (error) {
    notice(`The demo does not answer (${error.message}).`);
    return false;
  }
}

function become(person) {
  you = person;
  notice("");
  draw();
}

function enter(key) {
  room = key;
  notice("");
  draw();
  if (key === HOME) act({ do: "home" });
}

function suggest(text) {
  byId("composer-input").value = text;
  byId("composer-input").focus();
}

byId("composer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = byId("composer-input");
  const text = input.value.trim();
  if (!text) return;
  input.value = "";
  const sent = await act({ do: text.startsWith("/") ? "type" : "say", text, channel: current().id });
  if (!sent && !input.value) input.value = text;
});
