"""A target that can be read, Anthropic's double: edits are told and left, our own is said again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clients.enforcement import anthropic
from bot.domain.targets import ANTHROPIC
from bot.flows import doctor, drift, enforcement, status
from bot.flows.delivery import limit_states
from store import target_states
from tests.faults.bench import POLICY, SEARCH, close, place_of
from tests.flows.targets.place import Watching

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HELD = POLICY.replace(
    "    limit: 100\n",
    '    limit: 100\n    enforce: {webhook: false, anthropic: {api_key: "search-*"}}\n',
)


class Acme(Watching):
    """Search is held at Anthropic alone: its keys are off while it is at its limit."""

    def key(self, name: str = "search-prod") -> str:
        return self.town.usage.organization.find_api_key(name, None)

    def status(self, name: str = "search-prod") -> str:
        return self.town.usage.administration.status(self.key(name))

    def by_hand(self, status: str) -> None:
        """Somebody switches the key in the Console."""
        self.town.usage.administration.set_status(self.key(), status)

    def blocked(self) -> None:
        """Search has spent its limit, and its keys are off."""
        self.turn()
        self.town.spends("101")
        self.turn()
        assert "inactive" == self.status()


@pytest.fixture
def acme(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Acme]:
    """Acme before the first tick, with the two keys of search."""
    with place_of(Acme, tmp_path, database_url, HELD) as place:
        # A look may use a list of keys that is half a minute old: by the clock of the bench.
        monkeypatch.setattr(anthropic, "monotonic", lambda: place.clock().timestamp())
        for name in ("search-prod", "search-batch"):
            place.town.usage.add_api_key(name, "team-search")
        yield place


def test_a_budget_is_held_by_its_keys_alone(acme: Acme) -> None:
    """Off at the limit, on after a raise, and the webhook never hears of it."""
    acme.blocked()
    request = acme.approve_more("50")
    acme.deliver()

    assert ("active", "active") == (acme.status(), acme.status("search-batch"))
    assert "Limit lifted to $150 ✓" in acme.card(request)
    assert () == acme.gateway.journal
    assert ["limit:search:v1:anthropic", "limit:search:v2:anthropic"] == [
        key for key in acme.sent_keys() if "v3" not in key
    ]


def test_what_somebody_changed_is_told_once_and_left_alone(acme: Acme) -> None:
    """The operators read what stands there; nothing says that the limit is held, or writes it."""
    acme.blocked()
    acme.by_hand("active")
    acme.minutes(15)

    assert "active" == acme.status()
    (told,) = acme.operators()
    (left,) = acme.open()
    assert ("limit:search:v2:anthropic", "edited") == (left.key, left.state)
    assert "Somebody else changed the limit of search at Anthropic" in told
    assert "search-prod" in told
    assert f"`budget-bot outbox redrive {left.id}`" in told
    assert not acme.held().confirmed
    assert 1 == len(acme.audited("limit_state.edited"))
    shown = status.status(acme.bot, "U0DANA", "search", acme.clock()).text
    assert "Anthropic holds something else" in shown
    (found,) = [
        f
        for f in doctor.examine(acme.bot, acme.clock())
        if "anthropic" in f.name and "target" in f.name
    ]
    assert not found.ok
    assert "changed by somebody else for search" in found.text


class Killed(BaseException):
    """Nothing catches it, and nothing after it happens."""


def test_killed_between_a_write_and_its_confirmation_the_bot_knows_its_own(
    acme: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keys it had just switched off are on again after a raise, and nobody is told of an edit."""

    def killed(*_arguments: object) -> None:
        raise Killed

    acme.turn()
    acme.town.spends("101")
    acme.tick()
    with monkeypatch.context() as dying:
        dying.setattr(limit_states, "_take_answer", killed)
        with pytest.raises(Killed):
            acme.deliver()
    assert ("inactive", "inactive") == (acme.status(), acme.status("search-batch"))
    with acme.bot.db.transaction() as tx:
        kept = target_states.load(tx, SEARCH, ANTHROPIC).tried
    assert kept is not None

    dead, acme.bot = acme.bot, acme.replica()
    close(dead)
    acme.minutes(2)  # until the dead one's lease is over
    acme.approve_more("50")
    acme.deliver()

    assert ("active", "active") == (acme.status(), acme.status("search-batch"))
    assert [] == acme.operators()
    assert acme.held().confirmed
    with acme.bot.db.transaction() as tx:
        assert target_states.load(tx, SEARCH, ANTHROPIC).tried is None


def test_an_operator_writes_ours_over_it(acme: Acme) -> None:
    """Redriving an entry that was left alone is the word that it may be written over."""
    acme.blocked()
    acme.by_hand("active")
    acme.minutes(6)
    (left,) = acme.open()
    assert left.key == enforcement.redrive(acme.bot, left.id, acme.clock())
    acme.deliver()

    assert "inactive" == acme.status()
    assert [] == acme.open()
    assert acme.held().confirmed
    (redriven,) = acme.audited("outbox.redriven")
    assert "edited" == redriven["was"]


def test_an_edit_that_is_taken_back_is_an_all_clear(acme: Acme) -> None:
    """Whoever changed it put it right: that is seen by looking, and told once."""
    acme.blocked()
    acme.by_hand("active")
    acme.minutes(6)
    acme.by_hand("inactive")
    acme.minutes(12)

    assert 1 == len(acme.operators("holds the limit of search again as it should"))
    assert 2 == len(acme.operators())
    assert [] == acme.open()
    assert acme.held().confirmed


def test_a_raise_at_a_target_that_was_edited_is_not_called_lifted(acme: Acme) -> None:
    """Requester and approver read that it was left alone; after the operator's word it is lifted."""
    acme.turn()
    acme.by_hand("inactive")
    request = acme.approve_more("50")
    acme.deliver()
    left_alone = "Anthropic was left as it is, because somebody else changed it there"
    assert left_alone in acme.card(request)
    assert left_alone in acme.town.said_to("dana")[-1]
    assert not any("lifted" in message.text for message in acme.messages())
    (told,) = acme.operators()
    assert "search-prod is inactive" in told
    (left,) = acme.open()
    assert ("limit:search:v2:anthropic", "edited") == (left.key, left.state)
    acme.minutes(10)
    assert [told] == acme.operators()

    enforcement.redrive(acme.bot, left.id, acme.clock())
    acme.deliver()
    assert "active" == acme.status()
    assert "Limit lifted to $150 ✓" in acme.card(request)


def test_a_key_that_is_new_is_drift_and_put_right(acme: Acme) -> None:
    """It differs, but by nobody's edit: the operators read it, and ours is said again."""
    acme.blocked()
    acme.town.usage.add_api_key("search-new", "team-search")
    acme.minutes(6)

    assert "inactive" == acme.status("search-new")
    (told,) = acme.operators()
    assert "Drift: Anthropic no longer holds the limit of search" in told
    assert 1 == len(acme.audited("limit_state.drifted"))
    assert acme.held().confirmed
    acme.minutes(15)
    assert 1 == len(acme.operators())


def test_looks_are_few_and_change_nothing(acme: Acme) -> None:
    """Every five minutes at most, and never a write."""
    acme.turn()
    before = len(acme.town.usage.requests)
    assert 0 == drift.look(acme.bot, acme.clock())
    assert before == len(acme.town.usage.requests)
    acme.later(minutes=5)
    assert 1 == drift.look(acme.bot, acme.clock())

    assert [] == [r for r in acme.town.usage.requests[before:] if r.method != "GET"]
    assert acme.clock() == acme.state(ANTHROPIC, SEARCH).looked_at


def test_a_target_that_cannot_be_read_for_ten_minutes_is_told(acme: Acme) -> None:
    """Nobody waits for it, and yet what it holds is not known; then the all-clear."""
    acme.turn()
    acme.town.usage.faults.add("status", "api_keys", times=None, status=500)
    acme.minutes(22)
    assert 1 == len(acme.operators("Anthropic has not answered as it should"))
    acme.town.usage.faults.clear()
    acme.minutes(8)

    assert 1 == len(acme.operators("All clear: Anthropic answers again"))


def test_another_name_in_the_policy_is_another_thing(acme: Acme) -> None:
    """What was written under the old name is taken back, and nobody is said to have changed it."""
    acme.blocked()
    acme.town.usage.add_workspace("team-growth")
    acme.town.usage.add_api_key("growth-prod", "team-growth")
    acme.town.write_policy(HELD.replace("search-*", "growth-*"))
    acme.close()
    acme.bot = acme.replica()
    acme.minutes(8)

    assert ("inactive", "active") == (acme.status("growth-prod"), acme.status())
    assert [] == acme.operators("Somebody else")
    assert acme.held().confirmed
