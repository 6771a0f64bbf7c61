// Slack's mrkdwn as DOM nodes.

import { el } from "./dom.js";

const TOKEN = new RegExp(
  [
    "```([\\s\\S]+?)```",
    "`([^`\\n]+)`",
    "<([^<>\\s][^<>]*)>",
    "(?<![\\w*])\\*([^\\s*](?:[^*\\n]*[^\\s*])?)\\*(?![\\w*])",
    "(?<![\\w_])_([^\\s_](?:[^_\\n]*[^\\s_])?)_(?![\\w_])",
    "(?<![\\w~])~([^\\s~](?:[^~\\n]*[^\\s~])?)~(?![\\w~])",
  ].join("|"),
  "g",
);

export function mrkdwn(text, names) {
  const nodes = [];
  let end = 0;
  for (const match of String(text ?? "").matchAll(TOKEN)) {
    nodes.push(...plain(text.slice(end, match.index)));
    nodes.push(token(match, names));
    end = match.index + match[0].length;
  }
  nodes.push(...plain(String(text ?? "").slice(end)));
  return nodes;
}

export function plain(text) {
  const lines = decode(text).split("\n");
  return lines.flatMap((line, index) => (index ? [el("br"), line] : [line])).filter((n) => n !== "");
}

function token([, fence, code, angle, bold, italic, struck], names) {
  if (fence !== undefined) return el("pre", {}, decode(fence));
  if (code !== undefined) return el("code", {}, decode(code));
  if (angle !== undefined) return entity(angle, names);
  if (bold !== undefined) return el("strong", {}, mrkdwn(bold, names));
  if (italic !== undefined) return el("em", {}, mrkdwn(italic, names));
  return el("s", {}, mrkdwn(struck, names));
}

function entity(inside, names) {
  const [target, ...rest] = inside.split("|");
  const label = rest.join("|");
  if (target.startsWith("@")) return mention(`@${names.people[target.slice(1)] ?? target.slice(1)}`);
  if (target.startsWith("#")) {
    return mention(`#${names.channels[target.slice(1)] ?? (label || target.slice(1))}`);
  }
  if (target.startsWith("!date^")) return el("time", {}, date(target, decode(label), names.zone));
  if (target.startsWith("!")) return mention(`@${decode(label) || target.slice(1)}`);
  return link(decode(target), decode(label) || decode(target));
}

const mention = (text) => el("span", { class: "mention" }, text);

function link(address, label) {
  if (!/^(https?:|mailto:)/i.test(address)) return document.createTextNode(label);
  return el("a", { href: address, target: "_blank", rel: "noreferrer noopener" }, label);
}

function date(target, fallback, zone) {
  const [, seconds, form] = target.split("^");
  const at = new Date(Number(seconds) * 1000);
  if (!form || Number.isNaN(at.getTime())) return fallback;
  const show = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }).format(at);
  const long = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
  const short = { day: "numeric", month: "short", year: "numeric" };
  return form
    .replace(/\{date_long(_pretty)?\}/g, () => show(long))
    .replace(/\{date_num\}/g, () => show({ dateStyle: "short" }))
    .replace(/\{date(_short)?(_pretty)?\}/g, () => show(short))
    .replace(/\{time(_secs)?\}/g, () => show({ hour: "2-digit", minute: "2-digit" }));
}

function decode(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
