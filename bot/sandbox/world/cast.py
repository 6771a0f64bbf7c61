"""Who is in the demo's Slack workspace, and in which channels."""

from typing import NamedTuple

from bot.sandbox.slack import SlackSandbox
from bot.sandbox.slack.accounts import Kind

ZONE = "America/New_York"
ZONE_OFFSET = -5 * 3600


class Role(NamedTuple):
    """A person, and what a beginner should know of them."""

    email: str
    name: str
    part: str
    kind: Kind = "member"


DANA = Role("dana@example.com", "Dana", "owner of Search ranking")
LEE = Role("lee@example.com", "Lee", "Dana's backup, owner of Growth and Support bot")
FIN = Role("fin@example.com", "Fin", "finance, approves")
PAT = Role("pat@example.com", "Pat", "platform lead, approves large requests")
TOM = Role("tom@example.com", "Tom", "developer in the search team")
GUS = Role("gus@agency.example", "Gus", "a guest, may not decide", "guest")
CAST = (DANA, LEE, FIN, PAT, TOM, GUS)
CHANNELS = {
    "ai-budgets": (DANA, LEE, FIN, PAT, TOM),
    "ai-approvals": (DANA, LEE, FIN, PAT, GUS),
    "ai-budget-ops": (PAT, FIN),
    "team-search": (DANA, LEE, TOM),
}


def move_in(slack: SlackSandbox) -> dict[str, str]:
    """Everybody gets an account and a DM with the bot; what each person is for, by user id."""
    people = {
        role: slack.add_person(
            role.email,
            role.name,
            f"U0{role.name.upper()}",
            role.kind,
            tz=ZONE,
            tz_offset=ZONE_OFFSET,
        )
        for role in CAST
    }
    for name, members in CHANNELS.items():
        slack.add_channel(name, [people[role] for role in members])
    for person in people.values():
        slack.workspace.open_dm(person.id)
    return {person.id: role.part for role, person in people.items()}
