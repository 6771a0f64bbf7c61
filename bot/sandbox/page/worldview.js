// The right-hand side: the clock, each budget with what the gateway holds, what it was told.

import { el, keep } from "./dom.js";
import { post } from "./wire.js";

const byId = (id) => document.getElementById(id);
const money = (usd) => `$${Number(usd).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
const count = (number) => Number(number).toLocaleString("en-US");
const cards = new Map();
let world = null;

export function worldChanged(state) {
  world = state;
  drawClock();
  for (const budget of state.budgets) drawBudget(budget);
  drawDeliveries();
}

const WHEN = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };

function moment(iso) {
  return new Intl.DateTimeFormat("en-GB", { timeZone: world.zone, ...WHEN }).format(new Date(iso));
}

function drawClock() {
  byId("clock").textContent = moment(world.now);
  byId("clock").dataset.now = world.now;
  byId("clock-state").textContent = world.moving_to
    ? `moving to ${moment(world.moving_to)} …`
    : world.runs
      ? `${world.speed / 60} minute goes by in each second`
      : "paused";
  byId("run-pause").textContent = world.moving_to ? "Stop here" : world.runs ? "Pause" : "Run";
  for (const button of document.querySelectorAll("[data-move], .spend")) {
    button.disabled = Boolean(world.moving_to);
  }
}

function drawBudget(budget) {
  if (!cards.has(budget.id)) {
    cards.set(budget.id, makeCard(budget));
    byId("budgets").append(cards.get(budget.id).node);
  }
  const card = cards.get(budget.id);
  const held = budget.gateway;
  const limit = held?.limit_usd ?? budget.allocation_usd;
  const spent = Number(budget.spent_usd);
  const scale = Math.max(spent, Number(limit ?? 0), Number(budget.allocation_usd ?? 0)) * 1.06 || 1;
  const share = limit ? Math.floor((spent / Number(limit)) * 100) : null;
  card.spent.textContent = money(spent);
  card.share.textContent = share === null ? "no limit" : `${share} %`;
  if (card.fill) {
    card.fill.style.width = `${(spent / scale) * 100}%`;
    card.fill.dataset.state = share >= 100 ? "over" : share >= 95 ? "act" : share >= 80 ? "warn" : "fine";
    card.allocation.style.left = `${(Number(budget.allocation_usd) / scale) * 100}%`;
    card.line.style.left = `${(Number(limit) / scale) * 100}%`;
    const raised = Number(limit) > Number(budget.allocation_usd);
    card.line.classList.toggle("raised", raised);
    card.limit.textContent = held ? money(held.limit_usd) : "nothing yet";
    card.limit.classList.toggle("raised", raised);
    card.mode.textContent = held?.mode ?? "–";
    card.mode.dataset.mode = held?.mode ?? "";
    card.version.textContent = held ? `v${held.version}` : "";
    card.until.textContent = held?.until && !held.fallen_back ? `until ${moment(held.until)}` : "";
  }
  if (card.refused) {
    card.refused.textContent = `${count(budget.refused)} refused`;
    card.refused.classList.toggle("some", budget.refused > 0);
    card.passed.textContent = `${count(budget.passed)} passed`;
  }
}

function makeCard(budget) {
  const id = `budget-${budget.id}`;
  const part = (name, tag = "span", more = {}) => el(tag, { class: name, "data-testid": `${id}-${name}`, ...more });
  const card = { spent: part("spent"), share: part("share") };
  const rows = [
    el("div", { class: "card-head" }, el("h3", {}, budget.name), card.spent, card.share),
  ];
  if (budget.allocation_usd) {
    Object.assign(card, {
      fill: el("div", { class: "fill" }),
      allocation: el("div", { class: "allocation", title: "allocation" }),
      line: el("div", { class: "limit-line", title: "limit at the gateway" }),
      limit: part("limit"),
      mode: part("mode"),
      version: part("version"),
      until: part("until"),
    });
    rows.push(
      el("div", { class: "gauge", "aria-hidden": "true" }, card.fill, card.allocation, card.line),
      el("div", { class: "card-row" }, "Gateway holds ", card.limit, card.mode, card.version, card.until),
    );
  }
  if (budget.passed !== null) {
    card.passed = part("passed");
    card.refused = part("refused");
    rows.push(
      el(
        "div",
        { class: "card-row" },
        el("span", { class: "traffic" }, card.passed, " · ", card.refused),
        el(
          "button",
          {
            class: "spend",
            "data-testid": `spend-${budget.id}`,
            "aria-label": `Spend $10 on ${budget.name}`,
            on: { click: () => post("/world/act", { do: "spend", budget: budget.id, usd: 10 }) },
          },
          "Spend $10",
        ),
      ),
    );
  }
  card.node = el("article", { class: budget.parent ? "card child" : "card", "data-testid": id }, rows);
  return card;
}

function drawDeliveries() {
  const items = world.deliveries.map((one) => ({
    key: `${one.at} ${one.budget} ${one.version} ${one.outcome}`,
    signature: "",
    item: one,
  }));
  keep(byId("deliveries"), items, (one) =>
    el(
      "li",
      {},
      el("time", {}, moment(one.at)),
      ` ${one.budget} v${one.version} `,
      el("span", { class: "outcome" }, one.outcome),
    ),
  );
}

byId("run-pause").addEventListener("click", () => {
  post("/world/act", { do: world?.runs || world?.moving_to ? "pause" : "run" });
});
for (const button of document.querySelectorAll("[data-move]")) {
  button.addEventListener("click", () => post("/world/act", { do: "move", by: button.dataset.move }));
}
