"""Who looks, and which budgets are theirs."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import UNATTRIBUTED, Budget, BudgetId, BudgetTree, WhoAsks
from bot.domain.people import Person
from store import delegations, people

TOP = 25  # budgets for somebody who has none


@dataclass(frozen=True, slots=True)
class Viewer:
    """
    Somebody who looks: every name the policy may call them by, and whose alerts they get.

    `groups` are the Slack user groups they were in when they last opened the tab.
    """

    person: Person
    names: frozenset[str]
    away: Mapping[str, str]  # the names of those who delegated to them, with their ids
    groups: frozenset[str] = frozenset()

    @property
    def decides(self) -> bool:
        """Whether they could be let decide at all; on which lists they are is another question."""
        p = self.person
        return not (p.deleted or p.guest or p.is_bot or p.stranger)

    def is_called(self, refs: Iterable[str | None]) -> bool:
        return any(ref is not None and ref.lower() in self.names for ref in refs)

    def owns(self, budget: Budget) -> bool:
        """As its owner or its backup."""
        return self.is_called((budget.owner, budget.backup))

    def answers_for(self, budget: Budget) -> bool:
        """Owner, backup, or whom one of them delegated to."""
        return self.owns(budget) or self.stands_in_for(budget) is not None

    def stands_in_for(self, budget: Budget) -> str | None:
        """The Slack user id of whoever is away, and has delegated to them."""
        if self.owns(budget):
            return None
        refs = [ref.lower() for ref in (budget.owner, budget.backup) if ref]
        return next((self.away[ref] for ref in refs if ref in self.away), None)

    def is_of_the_team(self, budget: Budget) -> bool:
        """Whom the policy names as the team, and who is in its user group."""
        team = budget.team
        if team is None:
            return False
        return self.is_called(team.people) or team.usergroup in self.groups

    def may_ask(self, budget: Budget) -> bool:
        """Whoever is not known to be of the team may have spent from it; that is asked later."""
        return budget.overage.ask is not WhoAsks.OWNER or self.owns(budget)


def viewers(tx: Session, who: Mapping[str, Collection[str]], now: datetime) -> dict[str, Viewer]:
    """These people, by Slack user id; each with the user groups they are in."""
    persons = {id_: people.find(tx, id_) or Person(id_, id_) for id_ in who}
    given = delegations.made_to(tx, list(who), now)
    others = {id_ for ids in given.values() for id_ in ids}
    names = people.names(tx, {*persons, *others})
    return {
        id_: Viewer(
            person,
            names[id_],
            {name: other for other in given.get(id_, ()) for name in names[other]},
            frozenset(who[id_]),
        )
        for id_, person in persons.items()
    }


class Shelf:
    """Budgets by those whom the policy names for them, so that nobody's are looked for one by one."""

    def __init__(self, tree: BudgetTree) -> None:
        self._tree = tree
        self._owned: dict[str, list[BudgetId]] = {}
        self._teams = [budget for budget in tree if budget.overage.ask is WhoAsks.TEAM]
        for budget in tree:
            if budget.id == UNATTRIBUTED:
                continue
            for ref in {r.lower() for r in (budget.owner, budget.backup) if r}:
                self._owned.setdefault(ref, []).append(budget.id)

    def of(self, viewer: Viewer) -> "Seen":
        """
        Those somebody answers for, and those of their team; else the top of the tree, for members.
        """
        ids = {id_ for name in (*viewer.names, *viewer.away) for id_ in self._owned.get(name, ())}
        ids |= {budget.id for budget in self._teams if viewer.is_of_the_team(budget)}
        own = [self._tree.budgets[id_] for id_ in sorted(ids)]
        rest = self._tree.budgets.get(UNATTRIBUTED)
        if rest is not None and not viewer.answers_for(rest):
            rest = None
        if own or viewer.person.guest:
            return Seen(True, own, rest)
        top = [budget for budget in self._tree if budget.parent is None and budget != rest]
        return Seen(False, top[:TOP], rest, len(top[TOP:]))


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What of the tree somebody sees. `own`: the budgets are theirs, and not the top of the tree.

    `rest` is what no rule claims, for whoever answers for it: it is nobody's budget. `beyond`: how
    many more there are at the top.
    """

    own: bool
    budgets: list[Budget]
    rest: Budget | None
    beyond: int = 0

    @property
    def everything(self) -> list[Budget]:
        return [*self.budgets, *([self.rest] if self.rest else [])]
