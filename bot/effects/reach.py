"""Whom a limit reaches: the workspaces and keys that a budget's own rules name, as ids."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from sqlmodel import Session

from bot.domain.budgets import Budget
from bot.domain.usage import Directory
from store import directory

_REACH = "reach"


class Reach:
    """
    Names with an index: the limits of every budget begin anew with the month, in one transaction, and
    each would look through all names of the organization.
    """

    def __init__(self, names: Directory) -> None:
        self.names = names
        self._workspaces = _Called((w.id, w.name) for w in names.workspaces.values())
        self._api_keys = _Called((k.id, k.name) for k in names.api_keys.values())

    def of(self, budget: Budget) -> tuple[list[str], list[str]]:
        """The ids of workspaces and of keys, each sorted."""
        workspace_ids: set[str] = set()
        api_key_ids: set[str] = set()
        for match in budget.match:
            workspace_ids |= self._workspaces.by(match.workspace)
            workspace_ids |= self._tagged(match.workspace_tags)
            api_key_ids |= self._api_keys.by(match.api_key)
        return sorted(workspace_ids), sorted(api_key_ids)

    def _tagged(self, tags: Iterable[tuple[str, str]]) -> set[str]:
        wanted = set(tags)
        if not wanted:
            return set()
        workspaces = self.names.workspaces.values()
        return {w.id for w in workspaces if w.tags.items() >= wanted}


class _Called:
    """Ids by what they are called: the id itself, or the name, in lower case."""

    def __init__(self, named: Iterable[tuple[str, str]]) -> None:
        self._ids: dict[str, set[str]] = {}
        for id_, name in named:
            for called in {id_.lower(), name.lower()}:
                self._ids.setdefault(called, set()).add(id_)

    def by(self, pattern: str | None) -> set[str]:
        if pattern is None:
            return set()
        wanted = pattern.lower()
        if not any(sign in wanted for sign in "*?["):
            return self._ids.get(wanted, set())
        return {
            id_ for called, ids in self._ids.items() if fnmatchcase(called, wanted) for id_ in ids
        }


def reach(tx: Session) -> Reach:
    """By the names as they are known now; made once in a transaction."""
    names = directory.everything(tx)
    made: Reach | None = tx.info.get(_REACH)
    if made is None or made.names is not names:
        made = tx.info[_REACH] = Reach(names)
    return made
