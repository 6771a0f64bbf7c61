"""
LiteLLM as an enforcement target: the `max_budget` of teams and keys, and keys that are blocked.

LiteLLM counts spend itself and refuses at the limit; it clears its count at `budget_reset_at`, which
it alone knows. A temporary raise is an absolute value like any other, put back by the next order:
LiteLLM's own temporary increase is ignored for teams. A team is never blocked apart from its limit,
because versions before 1.109.1 let its requests through all the same (BerriAI/litellm#35565).
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from bot.clients.enforcement.answers import Answer, TargetError
from bot.clients.enforcement.gateway_answers import KeyInfo, KeyList, TeamCount, TeamInfo
from bot.clients.enforcement.gateway_holder import ATTEMPT, Holder
from bot.clients.enforcement.gateway_limits import (
    Found,
    Place,
    SetAmount,
    Step,
    Words,
    shown,
)
from bot.clients.enforcement.json_line import JsonLine
from bot.clients.enforcement.orders import Order
from bot.clients.remedies import Remedies
from bot.clients.usage.litellm import NO_DATABASE, TEAMS
from bot.domain.limits import Mode
from bot.domain.money import ZERO, Micros, dollars, micros

TEAM, KEY = "team", "key"
_ROUTES = (
    f"a proxy_admin's key with allowed_routes {TEAMS}, /team/info and /team/update, and for keys "
    "/key/info, /key/list, /key/update, /key/block and /key/unblock"
)
_FORBIDDEN = f"LITELLM_API_KEY needs {_ROUTES}"
REMEDIES = Remedies(
    gateway="LiteLLM",
    address="LITELLM_BASE_URL",
    key="LITELLM_API_KEY",
    forbidden=_FORBIDDEN,
    verb="read or change",
    phrases={
        **NO_DATABASE,
        "must be strictly greater than soft_budget": (
            "LiteLLM takes no max_budget at or below the soft_budget: lower or remove the "
            "soft_budget there, then `budget-bot outbox redrive`"
        ),
        "team not found": "LiteLLM has no team of this id: check `enforce` in the policy file",
        "key not found": "LiteLLM has no such key: check `enforce` in the policy file",
        "not allowed to call this route": _FORBIDDEN,
    },
)
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_KEYS_A_PAGE = "100"  # the most it gives


class LiteLlmTarget:
    """`enforce: {litellm: {team: …, key: …}}`, teams by id, keys by hash or alias."""

    kind = "litellm"

    def __init__(self, base_url: str, api_key: str, *, timeout: float = 15.0) -> None:
        self._line = JsonLine(
            base_url,
            REMEDIES,
            authorization=f"Bearer {api_key}",
            secrets=(api_key,),
            timeout=timeout,
        )
        self._holder = Holder(_LiteLlm(self._line))

    def apply(self, order: Order) -> Answer:
        """One attempt; raises TargetError, permanent with a remedy where people have to act."""
        return self._holder.apply(order)

    def look(self, order: Order) -> Answer:
        """What stands there now, nothing written; raises TargetError."""
        return self._holder.look(order)

    def check(self) -> str:
        """How many teams the key sees; raises TargetError."""
        asked = (("page", "1"), ("page_size", "1"))
        count = self._line.read(TeamCount, TEAMS, asked, self._line.ends(ATTEMPT)).total
        return f"LiteLLM, {count} {'team' if count == 1 else 'teams'}"

    def close(self) -> None:
        self._line.close()


class _LiteLlm:
    words = Words("LiteLLM", "max_budget", "other replicas may need a minute")
    kinds = (TEAM, KEY)
    least = ZERO

    def __init__(self, line: JsonLine) -> None:
        self._line = line
        self.ends = line.ends

    def read(self, place: Place, ends: float) -> Found:
        return self._team(place, ends) if place[0] == TEAM else self._key(place, ends)

    def write(self, step: Step, ends: float) -> None:
        kind, id_ = step.found.place[0], step.found.id
        if isinstance(step, SetAmount):
            named = "team_id" if kind == TEAM else KEY
            dollars = Decimal(step.amount) / 1_000_000
            self._line.write(f"/{kind}/update", {named: id_, "max_budget": dollars}, ends)
        else:
            self._line.write(f"/key/{'block' if step.blocked else 'unblock'}", {KEY: id_}, ends)

    def explain(self, order: Order, found: Sequence[Found]) -> Iterator[str]:
        """Where LiteLLM's count is behind the bot's, a team that should be blocked is not yet."""
        for each in found:
            if order.mode is not Mode.BLOCK or each.blocked:
                continue
            if each.amount is not None and each.spend is not None and each.spend < each.amount:
                yield (
                    f"LiteLLM has counted {dollars(each.spend)} for {each.name} and refuses from "
                    f"{dollars(each.amount)} on"
                )

    def _team(self, place: Place, ends: float) -> Found:
        # one of its keys is enough, and a team may have thousands
        asked = (("team_id", place[1]), ("key_limit", "1"))
        team = self._line.read(TeamInfo, "/team/info", asked, ends).team_info
        if team.team_id != place[1]:
            raise TargetError("LiteLLM answered about another team", permanent=False)
        notes = _explain_reset(place, team.budget_duration)
        if team.blocked:
            notes.append(f"{shown(place)} is blocked in LiteLLM, and not by the bot")
        return Found(
            place,
            team.team_id,
            _micros(team.max_budget),
            spend=_micros(team.spend),
            notes=notes,
            more={} if team.budget_reset_at is None else {"budget_reset_at": team.budget_reset_at},
        )

    def _key(self, place: Place, ends: float) -> Found:
        token = self._token(place[1], ends)
        key = self._line.read(KeyInfo, "/key/info", ((KEY, token),), ends).info
        if key.deleted_at is not None:
            text = "the key was deleted in LiteLLM: check `enforce` in the policy file"
            raise TargetError(text, permanent=True)
        return Found(
            place,
            token,
            _micros(key.max_budget),
            blocked=bool(key.blocked),
            spend=_micros(key.spend),
            notes=_explain_reset(place, key.budget_duration),
        )

    def _token(self, name: str, ends: float) -> str:
        """
        A key's hash, which alone is sent.

        A key itself would be in the address of a request, and so in the logs on the way.
        """
        if name.startswith("sk-"):
            raise TargetError(
                "a key must not be written into the policy file: name it by its hash or alias, and "
                "make a new one, because this one has been read",
                permanent=True,
            )
        if _HASH.fullmatch(name):
            return name.lower()
        asked = (("key_alias", name), ("return_full_object", "true"), ("size", _KEYS_A_PAGE))
        listed = self._line.read(KeyList, "/key/list", asked, ends).keys
        # some versions take an alias for a part of one
        tokens = {key.token for key in listed if key.key_alias == name}
        if len(tokens) == 1:
            return tokens.pop()
        many = "more than one key" if tokens else "no key"
        raise TargetError(
            f"LiteLLM has {many} of this alias: name it by its hash in `enforce`", permanent=True
        )


def _explain_reset(place: Place, duration: str | None) -> list[str]:
    if duration is not None:
        return []
    return [f"{shown(place)} has no budget_duration, so LiteLLM never clears what it has spent"]


def _micros(amount: Decimal | None) -> Micros | None:
    return None if amount is None else micros(amount)
