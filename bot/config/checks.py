"""What no field can know alone: names that must exist, sums, orders, and circles."""

from collections.abc import Iterator
from itertools import pairwise

from bot.config import enforce as enforcement
from bot.config.budgets import BudgetEntry, OveragePart, PolicyFile, RulesPart, SplitEntry
from bot.config.dead_rules import dead_rules
from bot.config.faults import Fault, Loc, nearest
from bot.config.inherit import inherited
from bot.config.lengths import too_long
from bot.domain.budgets import AT_ONCE, UNATTRIBUTED, AtLimit, Stage, Thresholds
from bot.domain.money import dollars
from bot.domain.targets import LITELLM, MLFLOW

RESERVED = (UNATTRIBUTED, "all")
SAME_BILL = ("anthropic", "usage_report")
REFUSE_BY_THEMSELVES = (LITELLM, MLFLOW)
Placed = tuple[Loc, BudgetEntry]


def faults(policy: PolicyFile) -> Iterator[Fault]:
    """Every reason not to run with this file."""
    yield from _organization(policy)
    yield from _approvers(policy)
    yield from _increases(policy)
    yield from _ids(policy)
    yield from _teams(policy)
    yield from _parents(policy)
    yield from _splits(policy)
    yield from enforcement.shared(_enforced(policy))
    for loc, rules in _places_of_rules(policy):
        yield from _thresholds(loc, rules, policy)
        yield from _routes(loc, rules, policy)
    for dead in dead_rules(policy):
        if dead.same:
            yield Fault(dead.loc, f"is never reached: {dead.earlier} is the same; remove one")


def warnings(policy: PolicyFile) -> Iterator[Fault]:
    """What works, and is probably not meant."""
    yield from _more_than_parent(policy)
    yield from _needless_grace(policy)
    yield from too_long(policy, placed_budgets(policy))
    yield from enforcement.overlapping(_enforced(policy))
    yield from _unenforced(policy)
    yield from _shares_alone(policy)
    yield from _without_usage(policy)
    yield from _twins(policy)
    for dead in dead_rules(policy):
        if not dead.same:
            yield Fault(dead.loc, f"is never reached: {dead.earlier} takes all of it before")


def placed_budgets(policy: PolicyFile) -> Iterator[Placed]:
    for i, entry in enumerate(policy.budgets):
        if isinstance(entry, BudgetEntry):
            yield ("budgets", i), entry


def _places_of_rules(policy: PolicyFile) -> Iterator[tuple[Loc, RulesPart]]:
    yield ("defaults",), policy.defaults
    yield from placed_budgets(policy)


def _organization(policy: PolicyFile) -> Iterator[Fault]:
    commitment = policy.commitment
    if commitment and commitment.ends <= commitment.starts:
        yield Fault(("commitment", "ends"), f"must be after {commitment.starts}, when it starts")
    kinds = [source.kind for source in policy.sources]
    for i, kind in enumerate(kinds):
        if kind in kinds[:i]:
            yield Fault(("sources", i), f"is the second source '{kind}'; keep one")
        if kind in SAME_BILL and any(other in SAME_BILL for other in kinds[:i] if other != kind):
            both = " and ".join(SAME_BILL)
            yield Fault(
                ("sources", i),
                f"{both} read the same bill: every dollar would count twice; keep one",
            )


def _approvers(policy: PolicyFile) -> Iterator[Fault]:
    for name, entry in policy.approvers.items():
        loc: Loc = ("approvers", name)
        if name == "owner":
            yield Fault(loc, "is built in and means the budget's owner; choose another name")
        if not entry.people and not entry.usergroup:
            yield Fault(loc, "names nobody; give it people or a usergroup")


def _increases(policy: PolicyFile) -> Iterator[Fault]:
    part = policy.organization.increase_requests
    for i, name in enumerate(part.approvers if part else ()):
        loc: Loc = ("organization", "increase_requests", "approvers", i)
        if name == "owner":
            why = "an increase request is a member's, and no budget's"
            yield Fault(loc, f"'owner' is nobody here: {why}; name an approver list")
        elif name not in policy.approvers:
            known = nearest(name, policy.approvers)
            yield Fault(loc, f"there is no approver list '{name}'{known}")


def _teams(policy: PolicyFile) -> Iterator[Fault]:
    for loc, entry in placed_budgets(policy):
        if entry.team and not entry.team.people and not entry.team.usergroup:
            yield Fault((*loc, "team"), "names nobody; give it people or a usergroup")


def _twins(policy: PolicyFile) -> Iterator[Fault]:
    """A backup who is the owner backs up nobody, and two budgets of one name are told apart by id."""
    first: dict[str, str] = {}
    for loc, entry in placed_budgets(policy):
        if entry.backup and entry.backup.lower() == entry.owner.lower():
            yield Fault((*loc, "backup"), "is the owner: nobody else is asked when they are away")
        name = (entry.name or entry.id).strip().lower()
        if name in first:
            text = f"'{entry.name or entry.id}' is also the name of '{first[name]}': messages look alike"
            yield Fault((*loc, "name"), text)
        first.setdefault(name, entry.id)


def _needless_grace(policy: PolicyFile) -> Iterator[Fault]:
    for loc, entry in placed_budgets(policy):
        rules = inherited(entry, policy.defaults, policy.approvers)
        if rules.grace == AT_ONCE:
            continue
        hard = [kind for kind in rules.enforce.kinds if kind in REFUSE_BY_THEMSELVES]
        if entry.grace and rules.at_limit is AtLimit.NOTIFY:
            why = "has no effect: at_limit is notify, so nothing happens at the limit"
            yield Fault((*loc, "grace"), why)
        elif hard and rules.at_limit is not AtLimit.NOTIFY:
            text = f"{' and '.join(hard)} count by themselves, and refuse at the limit without it"
            yield Fault((*loc, "grace"), text)


def _enforced(policy: PolicyFile) -> Iterator[enforcement.Placed]:
    for loc, entry in placed_budgets(policy):
        yield loc, enforcement.enforced(entry.enforce, policy.defaults.enforce)


def _unenforced(policy: PolicyFile) -> Iterator[Fault]:
    for loc, entry in placed_budgets(policy):
        rules = inherited(entry, policy.defaults, policy.approvers)
        nowhere = not rules.enforce.webhook and not rules.enforce.named
        if nowhere and rules.at_limit is not AtLimit.NOTIFY:
            text = f"nothing would {rules.at_limit}: the webhook is off, and nothing else is named"
            yield Fault((*loc, "enforce"), text)


def _ids(policy: PolicyFile) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for i, entry in enumerate(policy.budgets):
        loc: Loc = ("budgets", i, "id")
        if entry.id in RESERVED:
            yield Fault(loc, f"'{entry.id}' is reserved; choose another")
        elif entry.id in first:
            yield Fault(loc, f"'{entry.id}' is taken by budgets[{first[entry.id]}]; choose another")
        first.setdefault(entry.id, i)


def _parents(policy: PolicyFile) -> Iterator[Fault]:
    parents = {entry.id: entry.parent for _, entry in placed_budgets(policy)}
    told: set[str] = set()
    for loc, entry in placed_budgets(policy):
        place: Loc = (*loc, "parent")
        if entry.parent is None:
            continue
        if entry.parent not in parents:
            yield Fault(place, _no_budget(entry.parent, policy))
        elif entry.id not in told and (circle := _circle(entry.id, parents)):
            told.update(circle)
            yield Fault(place, f"forms a circle: {' > '.join(circle)}; remove one parent")


def _no_budget(name: str, policy: PolicyFile) -> str:
    if any(entry.id == name for entry in policy.budgets):
        return f"'{name}' is a split, which only divides; name a budget"
    known = nearest(name, (entry.id for _, entry in placed_budgets(policy)))
    return f"there is no budget '{name}'{known}"


def _circle(start: str, parents: dict[str, str | None]) -> tuple[str, ...]:
    """The way from `start` back to itself, or nothing."""
    path = [start]
    while (parent := parents.get(path[-1])) is not None:
        if parent == start:
            return (*path, start)
        if parent in path:
            return ()
        path.append(parent)
    return ()


def _splits(policy: PolicyFile) -> Iterator[Fault]:
    known = {entry.id for _, entry in placed_budgets(policy)} | {UNATTRIBUTED}
    for i, entry in enumerate(policy.budgets):
        if not isinstance(entry, SplitEntry):
            continue
        loc: Loc = ("budgets", i, "split")
        for name in entry.split:
            if name not in known:
                yield Fault((*loc, name), _no_budget(name, policy))
        if (total := sum(entry.split.values())) != 10_000:
            yield Fault(loc, f"must sum to 100%, not {total / 100:.10g}%")


def _thresholds(loc: Loc, rules: RulesPart, policy: PolicyFile) -> Iterator[Fault]:
    if rules.thresholds is None:
        return
    whole: Thresholds = inherited(rules, policy.defaults, policy.approvers).thresholds
    if not whole.look < whole.respond < whole.intervene:
        stages = (Stage.LOOK, Stage.RESPOND, Stage.INTERVENE)
        written = ", ".join(f"{stage.word} {whole.percent(stage)}%" for stage in stages)
        yield Fault((*loc, "thresholds"), f"must rise: {written}")
    respond, intervene = whole.respond_lead_times, whole.intervene_lead_times
    if respond is not None and intervene is not None and respond <= intervene:
        text = f"lead_times must fall: respond {respond}, intervene {intervene}"
        yield Fault((*loc, "thresholds"), f"{text}; raise the one or lower the other")


def _shares_alone(policy: PolicyFile) -> Iterator[Fault]:
    """Who counts nothing by time may not expect a forecast to silence what is left."""
    for loc, rules in _places_of_rules(policy):
        if rules.thresholds is None:
            continue
        whole = inherited(rules, policy.defaults, policy.approvers).thresholds
        times = (whole.look_forecast, whole.respond_lead_times, whole.intervene_lead_times)
        if times == (None, None, None) and whole.trust_forecast_after is not None:
            text = "nothing counts by time, and yet a forecast may overrule a share"
            yield Fault((*loc, "thresholds"), f"{text}; write trust_forecast_after: off")


def _routes(loc: Loc, rules: RulesPart, policy: PolicyFile) -> Iterator[Fault]:
    overage = rules.overage
    is_defaults = loc == ("defaults",)
    if overage is None and not is_defaults:
        return
    loc = (*loc, "overage", "routes")
    whole = inherited(rules, policy.defaults, policy.approvers).overage
    if not whole.routes[0].approvers:
        yield Fault(loc, "nobody could decide; write approvers, or routes with approvers: [owner]")
        return
    if overage is not None:
        yield from _own_routes(loc, overage, policy)
    last = whole.routes[-1].up_to
    if last is not None and last < whole.max_percent:
        yield Fault(
            loc,
            f"nobody decides from {last}% to {whole.max_percent}%; "
            "leave out up_to in the last route, or lower max_percent",
        )


def _own_routes(loc: Loc, overage: OveragePart, policy: PolicyFile) -> Iterator[Fault]:
    routes = overage.routes or ()
    known = {*policy.approvers, "owner"}
    for i, route in enumerate(routes):
        for k, name in enumerate(route.approvers):
            if name not in known:
                text = f"there is no approver list '{name}'{nearest(name, known)}"
                yield Fault((*loc, i, "approvers", k), text)
        if route.both and len({*route.approvers}) != 2:
            yield Fault((*loc, i, "both"), "needs exactly two different approver lists")
    for i, (before, after) in enumerate(pairwise(routes), start=1):
        if before.up_to is None:
            yield Fault((*loc, i), f"is never reached: routes[{i - 1}] has no up_to; put it last")
        elif after.up_to is not None and after.up_to <= before.up_to:
            yield Fault((*loc, i, "up_to"), f"must be more than {before.up_to}%, the one before")


def _more_than_parent(policy: PolicyFile) -> Iterator[Fault]:
    budgets = {entry.id: entry for _, entry in placed_budgets(policy)}

    def cadence(entry: BudgetEntry) -> str:
        return inherited(entry, policy.defaults, ()).cadence

    for loc, entry in placed_budgets(policy):
        parent = budgets.get(entry.parent or "")
        if parent and entry.limit > parent.limit and cadence(entry) == cadence(parent):
            text = f"{dollars(entry.limit)} is more than its parent '{parent.id}' has"
            yield Fault((*loc, "limit"), f"{text} ({dollars(parent.limit)}); the lower binds")


def _without_usage(policy: PolicyFile) -> Iterator[Fault]:
    fed = {entry.parent for _, entry in placed_budgets(policy)}
    for entry in policy.budgets:
        if isinstance(entry, SplitEntry):
            fed |= set(entry.split)
    for loc, entry in placed_budgets(policy):
        if not entry.match and entry.id not in fed:
            yield Fault(loc, f"'{entry.id}' gets no usage: it has no match, child or split")
