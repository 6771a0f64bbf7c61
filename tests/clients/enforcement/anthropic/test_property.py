"""Whatever happens in whatever order, the bot undoes its own doing, all of it and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clients.enforcement.answers import Confirmed, TargetError
from bot.clients.enforcement.anthropic_record import Record
from bot.domain.budgets import AtLimit
from bot.domain.limits import Mode
from bot.sandbox.usage import UsageApi
from tests.clients.enforcement.anthropic.setting import NOW, Desk

KEYS = ("search-prod", "search-batch")
OPUS = "Claude opus"
OWN = (50, 1000, None)  # no tenth of one is another
FAULTS = ("lose", "drop", "status")
PATHS = ("api_keys/apikey_", "rate_limits/rl_", "organizations/api_keys")


@dataclass
class World:
    """The desk, and who did what in truth."""

    desk: Desk
    off_by: dict[str, str] = field(default_factory=dict)
    own: int | None = None  # what people gave the workspace
    edited: bool = False  # they did so while the bot knew that it had it lowered
    theirs: int | None = None  # and gave it this

    def state(self) -> tuple[dict[str, str], int | None]:
        return {name: self.desk.status(name) for name in KEYS}, self.desk.own_limits().get(OPUS)

    def attempt(self, mode: Mode, killed: bool) -> bool:
        """One that does not fail for good; a bot that is killed never hears that it was confirmed."""
        self.desk.killed = killed
        try:
            answer = self.desk.apply(mode)
        except TargetError as error:
            if error.permanent:
                raise
            return False
        finally:
            if killed:
                self.desk.killed = False
                self.desk.restart()
        return isinstance(answer, Confirmed)

    def apply(self, mode: Mode, killed: bool = False) -> bool:
        """One attempt, and what it may not do; whether it was confirmed."""
        keys, own = self.state()
        if self.edited and not self.lowered():
            self.edited, self.own = False, self.theirs
        confirmed = self.attempt(mode, killed)
        keys_after, own_after = self.state()
        for name in KEYS:
            if (keys[name], keys_after[name]) == ("inactive", "active"):
                assert "bot" == self.off_by.pop(name), f"{name} was not the bot's to switch on"
            if (keys[name], keys_after[name]) == ("active", "inactive"):
                assert Mode.BLOCK == mode
                self.off_by[name] = "bot"
        if self.edited:
            assert own == own_after, "somebody's limit was overwritten"
        if confirmed:
            self.check(mode, keys_after, own_after)
        return confirmed

    def check(self, mode: Mode, keys: dict[str, str], own: int | None) -> None:
        """What is told as done is done."""
        if mode is Mode.BLOCK:
            assert {"inactive"} == set(keys.values())
        else:
            assert "bot" not in self.off_by.values(), "what the bot switched off is on again"
        if mode is Mode.THROTTLE:
            assert (self.own or 4000) // 10 == own
        else:
            assert self.own == own, "exactly what was there comes back"

    def switch(self, name: str, status: str) -> None:
        """
        By hand; not a key of which nobody knows whether the bot's own write reached it.

        One that the bot switched off, and somebody on and off again before the bot looked, is as the
        bot left it: nothing that can be read tells the two apart.
        """
        key = self.known().keys.get(self.desk.id(name))
        if (key is not None and key.doubt) or self.desk.status(name) == status:
            return
        self.desk.set_status(name, status)
        self.off_by.pop(name, None)
        if status == "inactive":
            self.off_by[name] = "bot" if key is not None and key.off else "somebody"

    def limit(self, value: int | None) -> None:
        """By hand; to the value that the bot would put back it is no edit."""
        self.theirs = value
        self.edited = self.lowered() and value != self.own
        if not self.edited:
            self.own = value
        self.desk.set_own(OPUS, value)

    def known(self) -> Record:
        return self.desk.target._known(self.desk.order(Mode.ALLOW))

    def lowered(self) -> bool:
        return bool(self.known().lowered())


ACTIONS: st.SearchStrategy[Callable[[World], object]] = st.one_of(
    st.sampled_from(Mode).map(lambda mode: lambda world: world.apply(mode)),
    st.sampled_from(Mode).map(lambda mode: lambda world: world.apply(mode)),
    st.sampled_from(Mode).map(lambda mode: lambda world: world.apply(mode, killed=True)),
    st.tuples(st.sampled_from(KEYS), st.sampled_from(("active", "inactive"))).map(
        lambda edit: lambda world: world.switch(*edit)
    ),
    st.sampled_from(OWN).map(lambda value: lambda world: world.limit(value)),
    st.tuples(st.sampled_from(FAULTS), st.sampled_from(PATHS)).map(
        lambda fault: lambda world: world.desk.api.faults.add(*fault)
    ),
    st.just(lambda world: world.desk.restart()),
)


@settings(max_examples=60, deadline=None)
@given(actions=st.lists(ACTIONS, max_size=14))
def test_undoes_its_own_doing(actions: list[Callable[[World], object]]) -> None:
    """
    No key that somebody else switched off comes on, and no limit of somebody's is overwritten.

    What is confirmed as let through has every key on that the bot had switched off, and the limits
    that people had set.
    """
    with UsageApi(lambda: NOW) as api:
        api.add_workspace("team-search")
        for name in KEYS:
            api.add_api_key(name, "team-search")
        api.administration.rate_limits.add("opus", {"requests_per_minute": 4000})
        desk = Desk(api, {"api_key": ("search-*",), "workspace": ("team-search",)})
        desk.at_limit = AtLimit.BLOCK
        world = World(desk)
        try:
            assert world.apply(Mode.ALLOW)
            for action in actions:
                action(world)
            api.faults.clear()
            confirmed = world.apply(Mode.ALLOW) or world.apply(Mode.ALLOW)
        finally:
            desk.target.close()

    assert confirmed or world.edited or world.off_by
