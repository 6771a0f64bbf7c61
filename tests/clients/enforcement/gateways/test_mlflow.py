"""Limits of budget policies at MLflow, against its double over HTTP."""

from collections.abc import Iterator

import pytest

from bot.clients.enforcement.answers import Confirmed, Edited
from bot.clients.enforcement.mlflow import MlflowTarget
from bot.domain.budgets import AtLimit
from bot.domain.limits import Mode
from bot.domain.money import Micros, micros
from bot.sandbox.mlflow import Mlflow
from tests.clients.enforcement.gateways.conftest import NOVEMBER, MakeDesk
from tests.clients.enforcement.gateways.setting import LIMIT, Desk

SLOW = "other workers see it after their refresh (MLFLOW_GATEWAY_BUDGET_REFRESH_INTERVAL)"
UPDATE = "/api/3.0/mlflow/gateway/budgets/update"
QUOTED = """{"budget_policy":{"budget_policy_id":"bp-1","budget_unit":"USD","budget_amount":0.5,
"duration":{"unit":"MONTHS","value":1},"target_scope":"ENDPOINT","target_value":"e-1",
"budget_action":"REJECT","created_by":"","created_at":1795450647515,"last_updated_by":"",
"last_updated_at":1795450647515}}"""
CREDENTIALS = ("bot", "a long password")


@pytest.mark.parametrize(
    ("limit", "number"),
    [
        (micros(1), "1"),
        (Micros(123_456_789), "123.456789"),
        (micros("0.01"), "0.01"),
        (Micros(1), "0.01"),
        (Micros(0), "0.01"),
        (Micros(-1_000_000), "0.01"),
    ],
)
def test_what_is_sent(gateway: Mlflow, at_mlflow: MakeDesk, limit: Micros, number: str) -> None:
    """MLflow takes 0 and less without a word, so a cent is the least that it is given."""
    at_mlflow(policy="bp-1").apply(limit)

    body = f'{{"budget_policy_id":"bp-1","budget_amount":{number}}}'
    assert [(UPDATE, body)] == list(gateway.written)


def test_written_and_read_back(gateway: Mlflow, at_mlflow: MakeDesk) -> None:
    """The limit is written, read back and told as MLflow holds it; a repeat writes nothing."""
    desk = at_mlflow(policy="bp-1")
    answer = desk.confirm(LIMIT)
    desk.confirm(LIMIT)

    assert (15_000.0, 1) == (gateway.amount("bp-1"), len(desk.writes()))
    policy = {"budget_amount": "15000.00", "budget_action": "REJECT"}
    assert ({"policy": {"bp-1": policy}}, SLOW) == (answer.held, answer.note)


def test_raise_and_back(gateway: Mlflow, at_mlflow: MakeDesk) -> None:
    """Calls at the limit pass once it is raised, and are refused once it is put back."""
    desk = at_mlflow(policy="bp-1")
    desk.confirm(micros("0.5"))
    gateway.spend("bp-1", "0.63")
    passes = [gateway.lets_through("bp-1")]
    for limit in (micros(1), micros("0.5")):
        desk.confirm(limit, Mode.BLOCK)
        passes.append(gateway.lets_through("bp-1"))

    assert [False, True, False] == passes


def test_least(at_mlflow: MakeDesk) -> None:
    """Where a limit of nothing is meant, people read that it is a cent."""
    answer = at_mlflow(policy="bp-1").confirm(Micros(0))

    assert f"the least MLflow is given is $0.01; {SLOW}" == answer.note


@pytest.mark.parametrize("found", [7.0, 0.0, -1.0])
def test_somebody_changed_it(gateway: Mlflow, at_mlflow: MakeDesk, found: float) -> None:
    """What somebody else wrote is left and told, what MLflow should never have taken among it."""
    desk = at_mlflow(policy="bp-1")
    desk.confirm(LIMIT)
    gateway.set_policy("bp-1", amount=found)
    looked = desk.look(LIMIT)

    assert isinstance(looked, Edited)
    assert looked.text == desk.edited(LIMIT)
    assert looked.text.endswith("instead of $15,000; somebody changed it in MLflow")
    assert (1, found) == (len(desk.writes()), gateway.amount("bp-1"))
    desk.confirm(LIMIT, force=True)


def test_restored_backup(gateway: Mlflow, at_mlflow: MakeDesk) -> None:
    """An earlier limit of our own is said again."""
    desk = at_mlflow(policy="bp-1")
    desk.confirm(micros(1))
    desk.confirm(LIMIT)
    gateway.set_policy("bp-1", amount=1.0)

    assert desk.looks_away(LIMIT)
    desk.confirm(LIMIT)
    assert isinstance(desk.look(LIMIT), Confirmed)


def test_policy_that_only_alerts(gateway: Mlflow, at_mlflow: MakeDesk) -> None:
    """A policy that refuses nothing holds the limit all the same, and people are told."""
    gateway.set_policy("bp-1", action="ALERT")
    answer = at_mlflow(policy="bp-1").confirm(LIMIT)

    assert f"policy bp-1 only alerts: make its action REJECT to refuse calls; {SLOW}" == answer.note


def test_policy_that_no_longer_refuses(gateway: Mlflow, at_mlflow: MakeDesk) -> None:
    """Somebody who takes the teeth out of a policy has changed what we hold."""
    desk = at_mlflow(policy="bp-1")
    desk.confirm(LIMIT)
    gateway.set_policy("bp-1", action="ALERT")
    told = "policy bp-1 has budget_action ALERT instead of REJECT; somebody changed it in MLflow"

    assert isinstance(desk.look(LIMIT), Edited)
    assert told == desk.edited(LIMIT)
    assert "only alerts" in desk.confirm(LIMIT, force=True).note
    desk.confirm(micros(1))


def test_another_unit(gateway: Mlflow, at_mlflow: MakeDesk) -> None:
    """A limit in dollars is not written into a policy of anything else."""
    gateway.set_policy("bp-1", currency="TOKENS")
    error = at_mlflow(policy="bp-1").refused()

    told = "policy bp-1: its unit is TOKENS, and limits are dollars: make a policy in USD"
    assert (True, told, ()) == (error.permanent, error.text, gateway.written)


def test_unknown_policy(at_mlflow: MakeDesk) -> None:
    """A policy that is not there is named, with the remedy."""
    error = at_mlflow(policy=("bp-1", "bp-9")).refused()

    assert (True, 404) == (error.permanent, error.status)
    assert error.text.startswith("policy bp-9: MLflow has no budget policy of this id: check `enf")


def test_several_policies(gateway: Mlflow, at_mlflow: MakeDesk) -> None:
    """All policies of a budget have to hold."""
    other = gateway.add_policy("e-2", *NOVEMBER)
    answer = at_mlflow(policy=("bp-1", other)).confirm(micros(2))

    assert [2.0, 2.0] == [gateway.amount(policy) for policy in ("bp-1", other)]
    assert ["bp-1", other] == list(answer.held["policy"])  # type: ignore[call-overload] # a mapping


def test_throttle(at_mlflow: MakeDesk) -> None:
    """What MLflow cannot do is said."""
    desk = at_mlflow(policy="bp-1")
    desk.at_limit = AtLimit.THROTTLE

    note = f"budget_amount cannot throttle: MLflow refuses at the limit; {SLOW}"
    assert note == desk.confirm(LIMIT, Mode.THROTTLE).note


def test_quoted_answer(gateway: Mlflow, at_mlflow: MakeDesk) -> None:
    """The answer as the reference quotes it is read."""
    gateway.faults.add("malformed", "/get", body=QUOTED)

    at_mlflow(policy="bp-1").confirm(micros("0.5"))


@pytest.mark.parametrize("amount", ["null", '"0.5"', "true", "1e999", "NaN", "[]"])
def test_malformed_amount(gateway: Mlflow, at_mlflow: MakeDesk, amount: str) -> None:
    """An amount that is none is no answer: nothing is written."""
    gateway.faults.add("malformed", "/get", body=QUOTED.replace("0.5", amount))
    error = at_mlflow(policy="bp-1").refused()

    assert (False, ()) == (error.permanent, gateway.written)
    assert "not what MLflow answers, check MLFLOW_BASE_URL" in error.text


@pytest.fixture
def closed() -> Iterator[Mlflow]:
    """MLflow that asks who is there."""
    with Mlflow(CREDENTIALS) as gateway:
        gateway.add_policy("e-1", *NOVEMBER)
        yield gateway


@pytest.mark.parametrize("who", [(None, None), ("bot", "wrong"), CREDENTIALS])
def test_credentials(closed: Mlflow, who: tuple[str | None, str | None]) -> None:
    """Who is known may write, and others read which settings to look at."""
    target = MlflowTarget(closed.url, *who)
    desk = Desk(target, closed, policy="bp-1")
    if who == CREDENTIALS:
        desk.confirm(LIMIT)
    else:
        error = desk.refused()
        assert (True, 401) == (error.permanent, error.status)
        assert "check MLFLOW_USERNAME and MLFLOW_PASSWORD" in error.text
    target.close()


def test_reader(gateway: Mlflow, at_mlflow: MakeDesk) -> None:
    """MLflow lets everybody read budgets and only administrators change them."""
    gateway.faults.add("error", UPDATE, status=403, message="Permission denied")
    error = at_mlflow(policy="bp-1").refused()

    assert (True, 403) == (error.permanent, error.status)
    assert "MLflow lets only an administrator change budgets" in error.text


def test_check(gateway: Mlflow, at_mlflow: MakeDesk) -> None:
    """The doctor is told how many policies there are, as far as one page says it."""
    target = at_mlflow().target
    said = [target.check()]
    gateway.add_policy("e-2", *NOVEMBER)
    gateway.page_size = 1
    said.append(target.check())
    gateway.page_size = 9
    said.append(target.check())

    assert ["MLflow, 1 budget policy", "MLflow, at least 1 budget policy"] == said[:2]
    assert "MLflow, 2 budget policies" == said[2]
