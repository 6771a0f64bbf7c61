"""The policy file, read once and turned into domain values."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from bot.config import checks
from bot.config.budgets import (
    BudgetEntry,
    MatchPart,
    PolicyFile,
    RulesPart,
    SplitEntry,
    json_schema,
)
from bot.config.document import Document, parse
from bot.config.faults import from_pydantic, write
from bot.config.fields import PEOPLE_KIND
from bot.config.inherit import inherited
from bot.domain.budgets import (
    UNATTRIBUTED,
    ApproverList,
    AtLimit,
    Budget,
    BudgetId,
    BudgetTree,
    Split,
)
from bot.domain.errors import ConfigError
from bot.domain.policy import (
    Channels,
    Commitment,
    DigestTime,
    IncreasePolicy,
    Organization,
    PeoplePolicy,
    Policy,
    SourcePolicy,
)
from bot.domain.rules import Match, Rule
from bot.domain.spans import WorkCalendar


@dataclass(frozen=True, slots=True)
class Loaded:
    """The policy, and what works but is probably not meant, a line each."""

    policy: Policy
    warnings: tuple[str, ...] = ()


def load_policy(path: Path) -> Loaded:
    """Raises ConfigError with every fault found: `budgets.yaml:41: budgets[2].limit: must be …`."""
    data = _read(path)
    document = parse(data, path)
    if document.value is None:
        raise ConfigError(f"{path}:1: is empty; begin with a copy of budgets.example.yaml")
    file = _validated(document, path)
    if found := tuple(checks.faults(file)):
        raise ConfigError(*write(found, path, document.line))
    policy = _policy(file, version=sha256(data).hexdigest()[:12])
    return Loaded(policy, write(checks.warnings(file), path, document.line))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: does not exist; copy budgets.example.yaml to {path.name}, "
            "or set BUDGET_BOT_CONFIG"
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{path}: cannot be read: {reason}") from None


def _validated(document: Document, path: Path) -> PolicyFile:
    """The document's own faults and the fields' together; one place is told once."""
    found = list(document.faults)
    file = None
    try:
        file = PolicyFile.model_validate(document.value)
    except ValidationError as error:
        told = {fault.loc for fault in found}
        errors = error.errors(include_url=False)
        found += [
            fault
            for fault in from_pydantic(errors, json_schema(), document.line)
            if not any(fault.loc[:depth] in told for depth in range(1, len(fault.loc) + 1))
        ]
    if found or file is None:
        raise ConfigError(*write(found, path, document.line))
    return file


def _policy(file: PolicyFile, version: str) -> Policy:
    budgets = {entry.id: _budget(entry, file) for _, entry in checks.placed_budgets(file)}
    rest = _unattributed(file)
    return Policy(
        version=version,
        organization=_organization(file),
        basis=file.basis,
        sources=tuple(
            SourcePolicy(
                source.kind,
                source.every,
                source.lookback,
                source.stale_after,
                history=source.history,
                revised_for=source.revised_for,
            )
            for source in file.sources
            if source.kind != PEOPLE_KIND
        ),
        approvers={
            name: ApproverList(name, entry.people, entry.usergroup)
            for name, entry in file.approvers.items()
        },
        tree=BudgetTree(
            {BudgetId(id_): budget for id_, budget in budgets.items()} | {rest.id: rest}
        ),
        splits=tuple(_splits(file)),
        rules=tuple(_rules(file.budgets)),
        unattributed_owner=file.unattributed.owner,
        commitment=_commitment(file),
        command=file.command,
        helps=tuple(_helps(file)),
        increases=_increases(file),
    )


def _increases(file: PolicyFile) -> IncreasePolicy | None:
    part = file.organization.increase_requests
    return IncreasePolicy(tuple(dict.fromkeys(part.approvers))) if part else None


def _helps(file: PolicyFile) -> Iterator[PeoplePolicy]:
    for source in file.sources:
        if source.kind == PEOPLE_KIND and source.workspace is not None:
            yield PeoplePolicy(source.kind, source.every, source.lookback, source.workspace)


def _organization(file: PolicyFile) -> Organization:
    part = file.organization
    channels = part.channels
    return Organization(
        name=part.name,
        time_zone=part.timezone,
        calendar=WorkCalendar(
            part.timezone,
            frozenset(part.working_days),
            frozenset(part.holidays),
            part.working_hours,
        ),
        channels=Channels(
            digest=channels.digest,
            approvals=channels.approvals or channels.digest,
            operators=channels.operators or channels.digest,
        ),
        digest=DigestTime(part.digest.day, part.digest.at),
    )


def _commitment(file: PolicyFile) -> Commitment | None:
    part = file.commitment
    if part is None:
        return None
    return Commitment(part.amount, part.starts, part.ends, part.reserve)


def _budget(entry: BudgetEntry, file: PolicyFile) -> Budget:
    rules = inherited(entry, file.defaults, file.approvers, critical=entry.critical)
    team = entry.team
    return Budget(
        id=BudgetId(entry.id),
        name=entry.name or entry.id,
        owner=entry.owner,
        backup=entry.backup,
        parent=BudgetId(entry.parent) if entry.parent else None,
        channel=entry.channel,
        limit=entry.limit,
        cadence=rules.cadence,
        time_zone=entry.timezone or file.organization.timezone,
        lead_time=rules.lead_time,
        thresholds=rules.thresholds,
        answer_within=rules.answer_within,
        at_limit=rules.at_limit,
        overage=rules.overage,
        match=tuple(_match(part) for part in entry.match),
        critical=entry.critical,
        team=ApproverList("team", team.people, team.usergroup) if team else None,
        grace=rules.grace,
        enforce=rules.enforce,
    )


def _unattributed(file: PolicyFile) -> Budget:
    """What no rule claims: a budget without a limit, so that it is shown and never cut off."""
    rules = inherited(RulesPart(), file.defaults, file.approvers)
    return Budget(
        id=UNATTRIBUTED,
        name="Unattributed",
        owner=file.unattributed.owner,
        backup=None,
        parent=None,
        channel=None,
        limit=None,
        cadence=rules.cadence,
        time_zone=file.organization.timezone,
        lead_time=rules.lead_time,
        thresholds=rules.thresholds,
        answer_within=rules.answer_within,
        at_limit=AtLimit.NOTIFY,
        overage=rules.overage,
    )


def _splits(file: PolicyFile) -> Iterator[Split]:
    for entry in file.budgets:
        if isinstance(entry, SplitEntry):
            shares = tuple((BudgetId(name), share) for name, share in entry.split.items())
            yield Split(entry.id, shares, tuple(_match(part) for part in entry.match))


def _rules(entries: Iterable[BudgetEntry | SplitEntry]) -> Iterator[Rule]:
    """In file order, budgets and splits together: the first that matches gets the row."""
    for entry in entries:
        whole = ((entry.id, 10_000),)
        shares = tuple(entry.split.items()) if isinstance(entry, SplitEntry) else whole
        for part in entry.match:
            yield Rule(_match(part), shares)


def _match(part: MatchPart) -> Match:
    workspace = part.workspace
    return Match(
        workspace=workspace if isinstance(workspace, str) else None,
        workspace_tags=workspace if isinstance(workspace, tuple) else (),
        api_key=part.api_key,
        actor=part.actor,
        model=part.model,
        product=part.product,
        tier=part.tier,
        team=part.team,
        tags=part.tags or (),
    )
