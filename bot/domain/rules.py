"""The rules of a policy: what each one names, and the first that holds for a usage row."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bot.domain.usage import Directory, UsageRow


@dataclass(frozen=True, slots=True)
class Match:
    """Everything that is named must hold; globs are lower-cased `fnmatch` patterns."""

    workspace: str | None = None  # id or name, may be a glob
    workspace_tags: tuple[tuple[str, str], ...] = ()
    api_key: str | None = None  # id or name, may be a glob
    actor: str | None = None  # e-mail, id, or name in the directory, may be a glob
    model: str | None = None
    product: str | None = None
    tier: str | None = None  # service tier: standard, batch, priority …
    team: str | None = None  # as a gateway knows it, may be a glob
    tags: tuple[tuple[str, str], ...] = ()  # of the request; values may be globs

    def holds(self, row: UsageRow, names: Directory) -> bool:
        return (
            (self.workspace is None or _any(self.workspace, workspace_names(row, names)))
            and self._tagged(row, names)
            and (self.api_key is None or _any(self.api_key, api_key_names(row, names)))
            and (self.actor is None or _any(self.actor, actor_names(row, names)))
            and (self.model is None or _any(self.model, (row.model,)))
            and (self.product is None or _any(self.product, (row.product,)))
            and (self.tier is None or _any(self.tier, (row.service_tier,)))
            and (self.team is None or _any(self.team, (row.team,)))
            and all(_any(value, (dict(row.tags).get(name),)) for name, value in self.tags)
        )

    def _tagged(self, row: UsageRow, names: Directory) -> bool:
        if not self.workspace_tags:
            return True
        workspace = names.workspaces.get(row.workspace_id or "")
        return workspace is not None and all(
            workspace.tags.get(key) == value for key, value in self.workspace_tags
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """Where rows that match go: shares in basis points, which sum to 10,000."""

    match: Match
    shares: tuple[tuple[str, int], ...]


class Rules:
    """
    Rules in file order, found by what they name: a thousand teams are not tried one by one.

    A rule that names a workspace, key, actor or team without a glob holds only for rows with
    exactly that. Those are tried together with the rules that name no such thing, in file order,
    so the first that matches is the same as if every one were tried.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._named: dict[tuple[str, str], list[int]] = {}
        self._others: list[int] = []
        for number, rule in enumerate(self._rules):
            name = _exact_name(rule.match)
            if name is None:
                self._others.append(number)
            else:
                self._named.setdefault(name, []).append(number)

    def first(self, row: UsageRow, names: Directory) -> Rule | None:
        """The first rule that holds; None: nobody claims the row."""
        for number in sorted(self._candidates(row, names)):
            if self._rules[number].match.holds(row, names):
                return self._rules[number]
        return None

    def _candidates(self, row: UsageRow, names: Directory) -> Iterator[int]:
        yield from self._others
        known = {
            "workspace": workspace_names(row, names),
            "api_key": api_key_names(row, names),
            "actor": actor_names(row, names),
            "team": (row.team,),
        }
        for field, values in known.items():
            for value in {value.lower() for value in values if value is not None}:
                yield from self._named.get((field, value), ())


def _exact_name(match: Match) -> tuple[str, str] | None:
    """The field and value, in lower case, that a row has to have; None: globs and other fields."""
    for field in ("workspace", "api_key", "actor", "team"):
        pattern: str | None = getattr(match, field)
        if pattern is not None and not _is_glob(pattern):
            return field, pattern.lower()
    return None


def _any(pattern: str, values: Iterable[str | None]) -> bool:
    wanted = pattern.lower()
    if not _is_glob(wanted):
        return any(value is not None and value.lower() == wanted for value in values)
    return any(value is not None and fnmatchcase(value.lower(), wanted) for value in values)


def _is_glob(pattern: str) -> bool:
    return any(sign in pattern for sign in "*?[")


def workspace_names(row: UsageRow, names: Directory) -> tuple[str | None, ...]:
    known = names.workspaces.get(row.workspace_id or "")
    return (row.workspace_id, known.name if known else None)


def api_key_names(row: UsageRow, names: Directory) -> tuple[str | None, ...]:
    known = names.api_keys.get(row.api_key_id or "")
    return (row.api_key_id, known.name if known else None)


def actor_names(row: UsageRow, names: Directory) -> tuple[str | None, ...]:
    """
    Id, e-mail and name, in the row and as remembered: a deleted user's rows say neither any more.

    A name in the row is no identity, and one that looks like an address never passes for one:
    people choose their own.
    """
    if row.actor is None:
        return ()
    known = names.actors.get(row.actor.id)
    key = names.api_keys.get(row.actor.id)  # usage that nobody is named for is the key's
    name = known.name if known and "@" not in known.name else None
    return (
        row.actor.id,
        row.actor.email,
        known.email if known else None,
        name,
        key.name if key else None,
    )
