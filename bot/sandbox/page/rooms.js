// What a person can see: their conversations, and the messages in them.

export const HOME = "home";

export function namesOf(slack, zone) {
  return {
    people: Object.fromEntries([slack.bot, ...slack.people].map((p) => [p.id, p.name])),
    channels: Object.fromEntries(slack.channels.map((c) => [c.id, c.name])),
    zone,
  };
}

export function roomsOf(slack, person) {
  const channels = slack.channels.filter((c) => c.members.includes(person) && !c.is_archived);
  return [
    {
      key: "dm",
      id: slack.dms[person]?.id,
      title: slack.bot.name,
      mark: "●",
      note: "Direct messages with the bot; only you see them.",
    },
    ...channels.map((c) => ({
      key: c.name,
      id: c.id,
      title: c.name,
      mark: "#",
      note: membersOf(slack, c),
    })),
    // Before it was opened nothing is there: opening it is what makes the bot publish.
    { key: HOME, id: null, title: "Home", mark: "⌂", note: "The bot's Home tab; only you see it." },
  ];
}

function membersOf(slack, channel) {
  return slack.people
    .filter((person) => channel.members.includes(person.id))
    .map((person) => person.name)
    .join(", ");
}

export function messagesIn(slack, person, id) {
  const rooms = [...slack.channels, ...Object.values(slack.dms)];
  const shown = rooms.find((room) => room.id === id)?.messages ?? [];
  const hidden = slack.ephemerals.filter((m) => m.to === person && m.channel === id);
  return [...shown, ...hidden].sort((a, b) => order(a.ts, b.ts));
}

function order(a, b) {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  return left[0] - right[0] || left[1] - right[1];
}
