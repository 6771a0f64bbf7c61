// The Slack side: who you are, your conversations, their messages, the modal on your screen.

import { blocks } from "./blocks.js";
import { confirmed } from "./confirm.js";
import { el, keep, redraw } from "./dom.js";
import { drawMessage, face } from "./message.js";
import { focusFirst, modal, restore, typedIn } from "./modal.js";
import { HOME, messagesIn, namesOf, roomsOf } from "./rooms.js";
import { post } from "./wire.js";

const byId = (id) => document.getElementById(id);
const seen = new Map(); // "person room" -> how many messages were read

let slack = null;
let world = null;
let you = null;
let room = "dm";
let drawnModal = null;
let shownModal = "";

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

const screen = () => ({
  people: slack.people,
  channels: slack.channels,
  names: namesOf(slack, world?.zone ?? "UTC"),
});

function unread(person, one) {
  if (!one.id) return 0;
  return messagesIn(slack, person, one.id).length - (seen.get(`${person} ${one.key}`) ?? 0);
}

function current() {
  const rooms = roomsOf(slack, you);
  return rooms.find((one) => one.key === room) ?? rooms[0];
}

// -- drawing ------------------------------------------------------------------------------------

function draw() {
  if (!slack || !world || !you) return; // without the world, times would stand in the wrong zone
  const here = current();
  room = here.key;
  if (here.id) seen.set(`${you} ${room}`, messagesIn(slack, you, here.id).length);
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
    const count = unread(person.id, roomsOf(slack, person.id)[0]);
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
  const rows = roomsOf(slack, you).map((one) => ({ ...one, count: unread(you, one), chosen: one.key === room }));
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
  const found = messagesIn(slack, you, here.id).map((message) => ({
    key: `${message.ephemeral} ${message.ts}`,
    signature: JSON.stringify(message),
    item: () => {
      const where = { channel: message.channel, ts: message.ts };
      return drawMessage(message, slack.bot.id, surfaceOf(where, message));
    },
  }));
  return found.length ? found : [empty("Nothing here yet.")];
}

function homeItems() {
  const view = slack.homes[you];
  if (!view) return [empty("The bot is about to publish your Home tab…")];
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

function drawModal() {
  const place = byId("modal-place");
  const view = slack.views[you]?.at(-1);
  const signature = view ? JSON.stringify([you, view.id, view.hash, view.errors]) : "";
  if (signature === drawnModal) return;
  drawnModal = signature;
  if (!view) {
    shownModal = "";
    const had = place.childElementCount > 0;
    place.replaceChildren();
    if (had) byId("messages").focus();
    return;
  }
  const deeds = {
    fill: (values) => act({ do: "fill", values }),
    submit: (values) => act({ do: "submit", values }),
    close: () => act({ do: "close" }),
  };
  const again = view.id === shownModal && !Object.keys(view.errors ?? {}).length;
  const kept = again ? typedIn(place) : null;
  shownModal = view.id;
  place.replaceChildren(modal(view, surfaceOf({ view_id: view.id }, view), deeds));
  if (kept) restore(place, kept);
  else focusFirst(place);
}

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
  if (room === HOME) act({ do: "home" });
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
