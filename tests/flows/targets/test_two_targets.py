"""Two targets for a budget: only what both have confirmed is told as done."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from typer.testing import CliRunner

from bot.cli import app
from bot.domain.targets import LITELLM, WEBHOOK
from bot.flows import drift, enforcement, status
from bot.flows.delivery import deliver_next
from bot.web.metrics import Metrics
from store import outbox
from store.outbox import Lane
from tests.faults.bench import POLICY, SEARCH
from tests.flows.targets.place import FOUR, GROWTH, TwoTargets, two_targets

# What the outside does is the same on both databases.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FEW = timedelta(seconds=5)


def lifted(acme: TwoTargets) -> int:
    """How often somebody was told that the limit is lifted."""
    return len(acme.posted("request:1:applied:U0DANA"))


def test_each_target_gets_its_own_call_under_its_own_key(acme: TwoTargets) -> None:
    """The webhook's id stays what it was; every other key names its target."""
    acme.turn()
    acme.approve_more()
    acme.deliver()

    sent = [[e.webhook_id for e in gateway.journal] for gateway in (acme.gateway, acme.second)]
    assert ["limit:search:v1", "limit:search:v2"] == sent[0]
    assert ["limit:search:v1:litellm", "limit:search:v2:litellm"] == sent[1]
    assert [Decimal(150)] * 2 == [acme.gateway.holds(SEARCH).limit, acme.second.holds(SEARCH).limit]
    assert "Limit lifted to $150 ✓" in acme.card()
    assert 1 == lifted(acme)
    confirmed = [row["target"] for row in acme.audited("limit_state.confirmed")]
    assert [LITELLM, LITELLM, WEBHOOK, WEBHOOK] == sorted(map(str, confirmed))


def test_what_one_has_confirmed_is_not_lifted_yet(acme: TwoTargets) -> None:
    """People read who has accepted and who has confirmed, and of a lifted limit when both have."""
    acme.turn()
    acme.second.faults.add("accept_unapplied")
    acme.approve_more()
    acme.deliver()

    assert (
        "the webhook has confirmed it; LiteLLM has accepted it and not confirmed it yet"
        in acme.card()
    )
    assert not any("lifted" in message.text for message in acme.messages())
    assert (1, 2) == (acme.held().confirmed_version, acme.held().accepted_version)
    shown = status.status(acme.bot, "U0DANA", "search", acme.clock()).text
    assert "LiteLLM has accepted this limit and has not confirmed it yet" in shown

    acme.minutes(6)
    assert "Limit lifted to $150 ✓" in acme.card()
    assert 1 == lifted(acme)
    assert "LiteLLM" not in status.status(acme.bot, "U0DANA", "search", acme.clock()).text


def test_a_target_that_hangs_holds_up_neither_the_other_nor_slack(acme: TwoTargets) -> None:
    """Each kind of target has a lane of its own."""
    acme.turn()
    acme.approve_more()
    acme.second.faults.add("hang")
    hanging = acme.background(Lane.GATEWAY)
    acme.slack.wait_until(lambda: "hang" in [e.outcome for e in acme.second.journal])
    acme.deliver(Lane.WEBHOOK, Lane.SLACK)
    assert Decimal(150) == acme.gateway.holds(SEARCH).limit
    assert "on its way to LiteLLM" in acme.card() or "is on its way to" in acme.card()
    assert hanging.is_alive()
    acme.second.stop()
    hanging.join(10)
    acme.second.start()
    acme.later(seconds=5)
    acme.deliver()

    assert Decimal(150) == acme.second.holds(SEARCH).limit
    assert 1 == lifted(acme)


def test_an_answer_that_was_lost_is_asked_for_again_and_confirms_once(acme: TwoTargets) -> None:
    """The target holds it already; the same call confirms it."""
    acme.turn()
    acme.second.faults.add("drop")
    acme.approve_more()
    acme.deliver()
    assert Decimal(150) == acme.second.holds(SEARCH).limit
    assert 0 == lifted(acme)
    acme.later(seconds=5)
    acme.deliver()

    outcomes = [(e.webhook_id, e.outcome) for e in acme.second.journal[1:]]
    key = "limit:search:v2:litellm"
    assert [(key, "drop"), (key, "repeated")] == outcomes
    assert 1 == lifted(acme)


def test_a_target_that_is_down_for_an_hour_is_told_once_to_all_who_wait(acme: TwoTargets) -> None:
    """Operators, requester and approver; then an all-clear, and the newest version only."""
    acme.turn()
    acme.second.faults.add("status", times=None, status=500)
    acme.approve_more("20")
    acme.deliver()
    acme.minutes(9)
    assert [] == acme.operators()
    acme.minutes(2)
    (told,) = acme.operators()
    assert "LiteLLM has not answered as it should since Mon 2 Nov 10:00" in told
    assert "the target answered 500" in told
    waits = "the webhook has confirmed it; LiteLLM has not answered since 10:00"
    assert waits in acme.card()
    for person in ("dana", "fin"):
        assert any(waits in text for text in acme.town.said_to(person)), person
    before = len(acme.town.said_to("fin"))
    acme.approve_more("10")
    acme.deliver()
    acme.minutes(49)
    assert 1 == len(acme.operators())
    assert "LiteLLM has not answered since 10:00" in acme.card(2)
    assert before + 2 == len(acme.town.said_to("fin"))  # the second card, and that it waits too

    acme.second.faults.clear()
    acme.minutes(6)
    assert 1 == len(acme.operators("All clear: LiteLLM answers again"))
    assert 2 == len(acme.operators())
    assert [1, 3] == [e.version for e in acme.second.journal if e.outcome == "applied"]
    assert "Limit lifted to $120 ✓" in acme.card()
    assert "Limit lifted to $130 ✓" in acme.card(2)
    assert {} == acme.open_keys()


def test_an_outage_is_one_however_many_budgets_wait(tmp_path: Path, database_url: str) -> None:
    """Two budgets at a target that is down are one message; the next outage is another."""
    with two_targets(tmp_path, database_url, FOUR) as acme:
        acme.second.faults.add("status", times=None, status=503)
        acme.turn()
        acme.minutes(30)
        (told,) = acme.operators()
        assert "Waiting for it: growth, search" in told
        acme.second.faults.clear()
        acme.minutes(10)
        assert 2 == len(acme.operators())
        assert acme.held().confirmed
        assert acme.held(GROWTH).confirmed
        acme.second.faults.add("status", times=None, status=503)
        acme.approve_more()
        acme.minutes(15)

        assert 3 == len(acme.operators())


def test_a_grant_is_not_sent_after_its_end_and_a_revert_without_end(acme: TwoTargets) -> None:
    """What was not taken in time is never applied; that the limit is back is tried for days."""
    acme.turn()
    acme.second.faults.add("status", times=None, status=500)
    acme.approve_more(last_day="2026-11-02")
    acme.deliver()
    acme.clock.ahead(timedelta(hours=14))  # past midnight, and no tick has taken it back yet
    acme.deliver()
    assert "superseded" == state_of(acme, "limit:search:v2:litellm")
    acme.turn()
    assert {"limit:search:v3:litellm": "pending"} == acme.open_keys()
    for _ in range(8):
        acme.clock.ahead(timedelta(days=1))
        acme.deliver()
    assert "pending" == acme.open_keys()["limit:search:v3:litellm"]
    acme.second.faults.clear()
    acme.later(minutes=10)
    acme.deliver()

    assert [1, 3] == [e.version for e in acme.second.journal if e.outcome == "applied"]
    assert "the limit is back ✓" in acme.card()
    assert 0 == lifted(acme)


def state_of(acme: TwoTargets, key: str) -> str:
    """The state of an outbox entry."""
    with acme.bot.db.transaction() as tx:
        entry = outbox.find(tx, key)
    assert entry is not None
    return entry.state


def test_a_refusal_is_that_of_one_target(acme: TwoTargets) -> None:
    """The other holds the limit; an operator sends the current version again."""
    acme.turn()
    acme.second.faults.add("status", status=403, body="unknown team")
    acme.approve_more()
    acme.deliver()
    (dead,) = acme.open()
    assert ("limit:search:v2:litellm", "dead") == (dead.key, dead.state)
    (told,) = acme.operators()
    assert (
        f"to LiteLLM. the target answered 403: unknown team. When it is mended: `budget-bot outbox redrive {dead.id}`"
        in told
    )
    assert "LiteLLM has refused it, and the operators were told" in acme.card()
    assert Decimal(150) == acme.gateway.holds(SEARCH).limit
    acme.minutes(12)
    assert {"limit:search:v2:litellm": "dead"} == acme.open_keys()  # given up is given up

    acme.town.spends("12")
    acme.tick()
    assert dead.key == enforcement.redrive(acme.bot, dead.id, acme.clock())
    acme.deliver()
    assert 1 == lifted(acme)
    meter = acme.second.state()["search"]
    assert isinstance(meter, dict)
    assert "12.00" == meter["spent_usd"]  # the figures of now, not those of then


def test_a_target_that_holds_a_newer_version_is_overtaken_everywhere(acme: TwoTargets) -> None:
    """After an old backup of the bot the webhook knows best, and both get the version after it."""
    acme.turn()
    acme.gateway.faults.add("status", status=409, body='{"budget": "search", "version": 41}')
    acme.approve_more()
    acme.deliver()

    assert [42, 42] == [acme.gateway.holds(SEARCH).version, acme.second.holds(SEARCH).version]
    assert acme.held().confirmed


def test_a_webhook_restored_from_a_backup_is_told_again_in_time(acme: TwoTargets) -> None:
    """It cannot be read, so what matters is quietly said again, under the same id."""
    acme.turn()
    backup = acme.gateway.snapshot()
    acme.approve_more()
    acme.deliver()
    acme.gateway.restore(backup)
    said = len(acme.messages())
    acme.minutes(30)
    assert Decimal(100) == acme.gateway.holds(SEARCH).limit
    acme.clock.ahead(drift.SAY_EVERY)
    acme.minutes(1)

    assert Decimal(150) == acme.gateway.holds(SEARCH).limit
    assert "limit:search:v2" == acme.gateway.journal[-1].webhook_id
    assert said == len(acme.messages())
    count = len(acme.gateway.journal)
    acme.minutes(30)
    assert count == len(acme.gateway.journal)


def test_a_target_that_the_policy_names_later_is_told(tmp_path: Path, database_url: str) -> None:
    """Until it has confirmed, nothing says that the limit holds everywhere."""
    with two_targets(tmp_path, database_url, POLICY) as acme:
        acme.turn()
        assert acme.held().confirmed
        acme.town.write_policy(FOUR)
        acme.close()
        acme.bot = acme.replica()
        assert 1 == enforcement.adopt(acme.bot, acme.clock())
        assert not acme.held().confirmed
        acme.minutes(1)

        assert acme.held().confirmed
        assert "limit:search:v1:litellm" == acme.second.journal[0].webhook_id
        assert 0 == enforcement.adopt(acme.bot, acme.clock())


def test_a_target_that_the_policy_no_longer_names_is_not_waited_for(acme: TwoTargets) -> None:
    """What waits for it is dropped, its outage ends, and the others decide what holds."""
    acme.turn()
    acme.second.faults.add("status", times=None, status=500)
    acme.approve_more()
    acme.minutes(12)
    assert not acme.held().confirmed
    acme.town.write_policy(POLICY)
    acme.close()
    acme.bot = acme.replica()
    acme.minutes(6)

    assert {} == acme.open_keys()
    assert acme.held().confirmed
    assert "Limit lifted to $150 ✓" in acme.card()


def test_a_lane_without_work_is_idle(acme: TwoTargets) -> None:
    """The lane of the gateways has entries only where one is named."""
    acme.turn()

    assert None is deliver_next(acme.bot, Lane.GATEWAY, acme.clock() + FEW)


def test_the_command_line_says_which_target_holds_it_up(
    acme: TwoTargets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line for each budget whose limit is not confirmed everywhere, and none once it is."""
    acme.turn()
    acme.second.faults.add("status", status=500)
    acme.approve_more()
    acme.deliver()
    environ = {
        **acme.town.environ(),
        "LITELLM_BASE_URL": "http://127.0.0.1:9",
        "LITELLM_API_KEY": "k",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(acme.town.folder)
    said = CliRunner().invoke(app, ["status"])
    assert 0 == said.exit_code, said.output
    assert "search: LiteLLM has not confirmed this limit yet" in said.stdout
    listed = CliRunner().invoke(app, ["outbox", "list"])
    assert "pending\tlimit:search:v2:litellm\tattempts 1\tthe target answered 500" in listed.stdout
    acme.later(seconds=5)
    acme.deliver()

    assert "confirmed this limit" not in CliRunner().invoke(app, ["status"]).stdout


def test_monitoring_sees_which_target_fails(acme: TwoTargets) -> None:
    """By target, how long it has failed, and what waits for it in its lane."""
    acme.turn()
    acme.second.faults.add("status", times=None, status=500)
    acme.approve_more()
    acme.deliver()
    acme.later(minutes=2)
    registry = CollectorRegistry()
    registry.register(Metrics(acme.bot))
    shown = generate_latest(registry).decode()

    assert 'budget_bot_target_failing_seconds{target="litellm"} 120.0' in shown
    assert 'budget_bot_target_failing_seconds{target="webhook"} 0.0' in shown
    assert 'budget_bot_outbox_entries{lane="gateway",state="pending"} 1.0' in shown
