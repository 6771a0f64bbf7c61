"""Finds what `enforce` names at Anthropic: keys by id, name or glob, workspaces, members."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bot.clients.anthropic_admin import AdminLine, Deadline
from bot.clients.anthropic_admin.answers import KeyAnswer, KeyPage, UserPage, WorkspacePage
from bot.clients.enforcement.anthropic_keys import ACTIVE, INACTIVE, NamedKey
from bot.clients.enforcement.anthropic_record import Scope
from bot.clients.enforcement.anthropic_steps import Verdict

KEY, WORKSPACE, SPEND, USER = "api_key", "workspace", "spend_limit", "user"
REMEMBERED_SECONDS = 600.0
_PAGE = ("limit", "1000")
_KEYS = "Console > API keys"


@dataclass(frozen=True, slots=True)
class Places:
    """Workspaces and spend limits that are named, by their ids."""

    workspaces: frozenset[str]
    spend: tuple[Scope, ...]


class Names:
    """Ids of workspaces and members; remembered for ten minutes, asked again on a miss."""

    def __init__(self, line: AdminLine, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._line = line
        self._monotonic = monotonic
        self._known: dict[str, tuple[float, Mapping[str, str]]] = {}

    def find(
        self, refs: Mapping[str, Sequence[str]], verdict: Verdict, deadline: Deadline
    ) -> Places:
        """What cannot be found is refused, after everything else has been done."""
        workspaces = set()
        for name in refs.get(WORKSPACE, ()):
            if (id_ := self._workspace(name, deadline)) is not None:
                workspaces.add(id_)
            else:
                verdict.refused.append(_no_workspace(name))
        spend: list[Scope] = []
        for name in refs.get(SPEND, ()):
            if name.startswith("user_") or "@" in name:
                kind, found = "user", self._user(name, deadline)
            else:
                kind, found = "workspace", self._workspace(name, deadline)
            if found is not None:
                spend.append((kind, found))
            elif kind == "user":
                verdict.refused.append(f"nobody in the organization is {name}: check `enforce`")
            else:
                verdict.refused.append(_no_workspace(name))
        return Places(frozenset(workspaces), tuple(dict.fromkeys(spend)))

    def _workspace(self, name: str, deadline: Deadline) -> str | None:
        return self._look_up("workspaces", name, lambda: self._read_workspaces(deadline))

    def _user(self, name: str, deadline: Deadline) -> str | None:
        return self._look_up("users", name.lower(), lambda: self._read_users(deadline))

    def _look_up(self, list_: str, name: str, read: Callable[[], Mapping[str, str]]) -> str | None:
        at, names = self._known.get(list_, (0.0, {}))
        if name not in names or self._monotonic() - at > REMEMBERED_SECONDS:
            names = read()
            self._known[list_] = self._monotonic(), names
        return names.get(name)

    def _read_workspaces(self, deadline: Deadline) -> Mapping[str, str]:
        asked = (("include_default", "true"), _PAGE)
        pages = self._line.walk(WorkspacePage, "workspaces", deadline, asked)
        return _by_both((item.id, item.name) for page in pages for item in page.data)

    def _read_users(self, deadline: Deadline) -> Mapping[str, str]:
        pages = self._line.walk(UserPage, "users", deadline, (_PAGE,))
        return _by_both(
            (item.id, (item.email or item.id).lower()) for page in pages for item in page.data
        )


def read_keys(line: AdminLine, deadline: Deadline) -> dict[str, KeyAnswer]:
    """Every key of the organization as it is now; statuses are never remembered."""
    pages = line.walk(KeyPage, "api_keys", deadline, (_PAGE,))
    return {key.id: key for page in pages for key in page.data}


def name_keys(
    patterns: Sequence[str],
    every: Mapping[str, KeyAnswer],
    workspaces: frozenset[str] | None,
    is_own: Callable[[str | None], bool],
    verdict: Verdict,
) -> list[NamedKey]:
    """
    The keys that ids, names and globs mean, each once.

    With workspaces named, names and globs mean keys of these only. `*` alone would mean every key
    of the organization, so it needs a workspace. The key that the bot itself uses is never meant.
    """
    inside = [
        key for key in every.values() if workspaces is None or key.scope.workspace_id in workspaces
    ]
    named: dict[str, NamedKey] = {}
    for pattern in patterns:
        glob = any(sign in pattern for sign in "*?[")
        if glob and workspaces is None and not pattern.strip("*?"):
            verdict.refused.append(
                f"api_key: {pattern} would mean every key of the organization: name the workspace "
                "beside it in `enforce`"
            )
            continue
        matching = _match(pattern, glob, every, inside)
        own = [key for key in matching if is_own(key.partial_key_hint)]
        kept = [key for key in matching if key not in own]
        if not kept:
            verdict.refused.append(_nothing(pattern, own))
        for key in kept:
            exact = not glob or (key.id in named and named[key.id].exact)
            named[key.id] = NamedKey(key, exact)
    return list(named.values())


def _match(
    pattern: str, glob: bool, every: Mapping[str, KeyAnswer], inside: Sequence[KeyAnswer]
) -> list[KeyAnswer]:
    """Names without regard to case; a retired key of the same name as a living one is not meant."""
    if pattern in every:
        return [every[pattern]]
    wanted = pattern.lower()
    if glob:
        return [key for key in inside if fnmatchcase(key.name.lower(), wanted)]
    same = [key for key in inside if key.name.lower() == wanted]
    living = [key for key in same if key.status in (ACTIVE, INACTIVE)]
    return living or same


def _nothing(pattern: str, own: Sequence[KeyAnswer]) -> str:
    if own:
        return f"api_key: {pattern} means the key that the bot itself uses, which stays on"
    return f"api_key: {pattern} means no key there: check `enforce` against {_KEYS}"


def _no_workspace(name: str) -> str:
    return f"there is no workspace {name}: check `enforce` against Console > Workspaces"


def _by_both(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """By id and by name; an id is never taken for a name."""
    listed = list(pairs)
    return {**{name: id_ for id_, name in listed}, **{id_: id_ for id_, _ in listed}}
