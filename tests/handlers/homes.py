"""The Home tab as somebody at the desk sees it."""

from bot.sandbox.slack import Person, View
from tests.handlers.desk import Desk
from tests.story.town import POLICY

LIMIT = "    at_limit: block\n    match: [{workspace: team-search}]\n"
# Search is critical, and what happens at its limit happens two hours later.
LENIENT = POLICY.replace(LIMIT, f"    critical: true\n    grace: 2h\n{LIMIT}")


def opens(desk: Desk, name: str) -> Person:
    """Somebody opens it, and it is there."""
    person = desk.person(name)
    assert person.opens_home().ok
    desk.slack.wait_until(person.home)
    desk.town.settles()
    return person


def home_of(person: Person) -> View:
    """The tab as it stands now."""
    view = person.home()
    assert view is not None
    return view


def says(person: Person) -> str:
    """All that stands on the tab."""
    return str(home_of(person).blocks)


def offers(person: Person) -> list[str]:
    """What can be pressed on it."""
    return [action for action, _, _ in home_of(person).buttons()]


def published(desk: Desk) -> int:
    """How often any tab was published."""
    return sum(c.method == "views.publish" for c in desk.slack.journal)
