"""Whatever happens in whatever order: no limit is taken away, and nothing of somebody else's is."""

import json
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clients.enforcement.answers import Confirmed, TargetError
from bot.clients.enforcement.litellm import LiteLlmTarget
from bot.clients.enforcement.mlflow import MlflowTarget
from bot.domain.limits import Mode
from bot.domain.money import Micros, micros
from bot.sandbox.litellm import LiteLlm
from bot.sandbox.mlflow import Mlflow
from bot.sandbox.usage.faults import Kind
from tests.clients.enforcement.gateways.conftest import NOVEMBER
from tests.clients.enforcement.gateways.setting import Desk

OURS = (micros(10), micros("20.5"), Micros(30_000_001), Micros(0), Micros(-7))
THEIRS = (1.25, 99.0, 0.5, -1.0, None)
FAULTS: tuple[Kind, ...] = ("lose", "drop", "status", "truncate")


@dataclass(frozen=True)
class Order:
    limit: Micros
    mode: Mode
    force: bool
    fault: tuple[Kind, str] | None
    killed: bool  # before the bot hears the answer


@dataclass(frozen=True)
class ByHand:
    """Somebody sets the limit, or blocks the key."""

    value: float | None
    blocked: bool | None


@dataclass(frozen=True)
class Restored:
    """The gateway is put back to what the bot wrote some versions ago."""

    back: int


@dataclass(frozen=True)
class Restart:
    pass


Event = Order | ByHand | Restored | Restart
EVENTS = st.lists(
    st.one_of(
        st.builds(
            Order,
            limit=st.sampled_from(OURS),
            mode=st.sampled_from(list(Mode)),
            force=st.sampled_from([False, False, False, True]),
            fault=st.none()
            | st.tuples(st.sampled_from(FAULTS), st.sampled_from(("update", "block", "in", "get"))),
            killed=st.sampled_from([False, False, True]),
        ),
        st.builds(
            ByHand,
            value=st.sampled_from((1.25, 99.0, 0.5, None)),
            blocked=st.sampled_from([None, True, False]),
        ),
        st.builds(Restored, back=st.integers(0, 3)),
        st.builds(Restart),
    ),
    min_size=1,
    max_size=12,
)


class KeyPlace:
    """A key at LiteLLM, which may be blocked beside its limit."""

    least = Micros(0)

    def __init__(self) -> None:
        self.double = LiteLlm()
        self.double.start()
        self.token = self.double.add_key("ci")
        self.desk = Desk(self.connect(), self.double, key=self.token)

    def connect(self) -> LiteLlmTarget:
        return LiteLlmTarget(self.double.url, self.double.master_key, timeout=5)

    def amount(self) -> float | None:
        return self.double.limits.keys[self.token]["max_budget"]  # type: ignore[return-value] # one

    def blocked(self) -> bool:
        return bool(self.double.limits.keys[self.token]["blocked"])

    def set(self, value: float | None, blocked: bool | None) -> None:
        key = self.double.limits.keys[self.token]
        key["max_budget"] = value
        if blocked is not None:
            key["blocked"] = blocked


class PolicyPlace:
    """A policy at MLflow."""

    least = micros("0.01")

    def __init__(self) -> None:
        self.double = Mlflow()
        self.double.start()
        self.policy = self.double.add_policy("e-1", *NOVEMBER)
        self.desk = Desk(self.connect(), self.double, policy=self.policy)

    def connect(self) -> MlflowTarget:
        return MlflowTarget(self.double.url, timeout=5)

    def amount(self) -> float | None:
        return self.double.amount(self.policy)

    def blocked(self) -> bool:
        return False

    def set(self, value: float | None, blocked: bool | None) -> None:  # noqa: ARG002 - it has none
        self.double.set_policy(self.policy, amount=-1.0 if value is None else value)


class World:
    """A place, and who did what there in truth."""

    def __init__(self, place: KeyPlace | PolicyPlace) -> None:
        self.place = place
        self.desk = place.desk
        self.their_block = False
        self.sure = False  # the last attempt was confirmed, so the bot knows what it did

    def take(self, event: Event) -> None:
        match event:
            case Order():
                self.order(event)
            case ByHand():
                was = self.place.blocked()
                self.place.set(event.value, event.blocked)
                if self.place.blocked() != was:
                    self.their_block = not was and self.sure
            case Restored() if event.back < len(self.desk.written):
                self.restore(event.back)
            case Restart():
                self.restart()

    def restart(self) -> None:
        self.desk.target.close()
        self.desk.target = self.place.connect()

    def restore(self, back: int) -> None:
        [of_kind] = self.desk.written[back].values()
        [state] = of_kind.values()  # type: ignore[attr-defined] # a mapping
        amount = state.get("max_budget", state.get("budget_amount"))
        self.place.set(float(amount), state.get("blocked"))
        self.their_block = False
        self.sure = False

    def order(self, order: Order) -> None:
        before, was_blocked = self.place.amount(), self.place.blocked()
        wanted = max(order.limit, self.place.least)
        if order.fault is not None:
            self.desk.double.faults.add(order.fault[0], order.fault[1])
        known = bool(self.desk.written)
        answer = None
        self.desk.killed = order.killed
        with suppress(TargetError):
            answer = self.desk.apply(order.limit, order.mode, force=order.force)
        self.desk.double.faults.clear()
        if order.killed:
            self.desk.killed = False
            self.restart()
        after, is_blocked = self.place.amount(), self.place.blocked()
        if isinstance(answer, Confirmed):
            assert wanted / 1e6 == after
            if isinstance(self.place, KeyPlace):
                assert is_blocked == (order.mode is Mode.BLOCK)
        if not order.force:
            if before is None or (known and before in THEIRS):
                assert before == after, "somebody's limit was written over"
                assert not isinstance(answer, Confirmed)
            if self.their_block:
                assert is_blocked, "somebody's block was taken away"
        if not is_blocked or not was_blocked:
            self.their_block = False
        self.sure = isinstance(answer, Confirmed)


@pytest.mark.parametrize("kind", [KeyPlace, PolicyPlace])
@settings(max_examples=80)
@given(events=EVENTS)
def test_whatever_happens(kind: type[KeyPlace] | type[PolicyPlace], events: list[Event]) -> None:
    """Never null or less than 0 is written, and what somebody else wrote stays until told otherwise."""
    place = kind()
    world = World(place)
    try:
        for event in events:
            world.take(event)
        for path, body in place.double.written:
            if path.endswith("/update"):
                sent = json.loads(body)
                amount = sent.get("max_budget", sent.get("budget_amount"))
                assert amount is not None
                assert amount * 1_000_000 >= place.least
    finally:
        world.desk.target.close()
        place.double.stop()
