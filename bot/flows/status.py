"""Read-only answers: where the budgets stand."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from difflib import get_close_matches

from sqlmodel import Session

from bot.domain.alerts import moved_of
from bot.domain.budgets import Budget, BudgetId
from bot.domain.errors import UserError
from bot.domain.people import Person
from bot.domain.policy import Policy
from bot.domain.standings import Standing, binding, together
from bot.effects.followers import followers
from bot.parts import Bot, targets_of
from bot.render.blocks import Rendered, one_line
from bot.render.status import Detail, help_message, plain, status_detail, status_list
from bot.render.targets import Follower
from store import ledger, limits, overages, people, standings

GUEST = (
    "Guests see the budgets that name them as owner, backup or team; ask the owner about others."
)
WORDS = ("help", "status", "request", "delegate", "break-glass")


def status(bot: Bot, asker_id: str, asked: str, now: datetime) -> Rendered:
    """`/budget status`: one budget by name, `all` of them, or those of whoever asks."""
    with bot.db.transaction() as tx:
        found = standings.gather(tx, bot.policy, now)
        asker = people.find(tx, asker_id) or Person(asker_id, asker_id)
        own = _own(bot.policy, asker)
        if asked and asked.lower() != "all":
            wanted = find_budget(bot.policy, asked)
            if asker.guest and wanted not in own:
                raise UserError(GUEST, "budget")
            return _detail(tx, bot, found, wanted.id)
    if asker.guest and not own:
        raise UserError(GUEST)
    if asked and not asker.guest:
        own = []
    shown = [found[b.id] for b in own] or list(found.values())
    fullest = sorted(shown, key=lambda s: (-s.percent, -s.spent, s.budget.id))
    title = "Your budgets" if own else f"{bot.policy.organization.name}: all budgets"
    freshness = together([s.freshness for s in shown])
    zone = bot.policy.organization.time_zone
    return status_list(fullest, freshness, bot.policy.basis, zone, title)


def all_standings(bot: Bot, now: datetime) -> Sequence[Standing]:
    """For the command line."""
    with bot.db.transaction() as tx:
        return list(standings.gather(tx, bot.policy, now).values())


def unenforced(
    bot: Bot, budgets: Collection[BudgetId], most: int
) -> tuple[dict[BudgetId, Sequence[Follower]], int]:
    """Some of these budgets whose limit not every target holds, how far each is; how many more."""
    with bot.db.transaction() as tx:
        waiting = {
            budget: held.version
            for budget, held in limits.unconfirmed(tx).items()
            if budget in budgets and targets_of(bot, budget)
        }
        shown = list(waiting)[:most]
        found: dict[BudgetId, Sequence[Follower]] = {
            budget: followers(tx, bot, budget, waiting[budget]) for budget in shown
        }
    return found, len(waiting) - len(shown)


def usage(bot: Bot, unknown: str | None = None) -> Rendered:
    """Help; an unknown word gets the nearest known one."""
    near = get_close_matches(unknown.lower(), WORDS, n=1, cutoff=0.5) if unknown else []
    return help_message(bot.policy.command, unknown, near[0] if near else None)


def sentence(text: str) -> Rendered:
    return plain(text)


def find_budget(policy: Policy, asked: str) -> Budget:
    """A budget by id or name; otherwise an error that names the nearest."""
    wanted = asked.strip().strip("\"'“”`").strip().lower()
    by_name = [budget for budget in policy.tree if budget.name.lower() == wanted]
    found = policy.tree.budgets.get(BudgetId(wanted)) or next(iter(by_name), None)
    if found is not None:  # ids first: a name may be another budget's id
        return found
    names = {name: b for b in policy.tree for name in (str(b.id), b.name.lower())}
    near = get_close_matches(wanted, names, n=1, cutoff=0.5)
    hint = f" Did you mean `{names[near[0]].id}`?" if near else ""
    known = ", ".join(f"`{b.id}`" for b in list(policy.tree)[:20])
    raise UserError(f"There is no budget “{one_line(asked, 60)}”.{hint} Known: {known}.", "budget")


def _detail(tx: Session, bot: Bot, found: dict[BudgetId, Standing], budget: BudgetId) -> Rendered:
    standing = found[budget]
    tree, period = bot.policy.tree, standing.period
    models = ledger.top_models(
        tx, tree.family(budget), period.starts_at, standing.at, bot.policy.basis
    )
    held = limits.load(tx, budget)
    return status_detail(
        Detail(
            standing=standing,
            binding=binding([found[b] for b in tree.path(budget)]),
            models=models,
            open_requests=[
                (r.id, r.amount) for r in overages.open_requests(tx) if r.budget == budget
            ],
            targets=followers(tx, bot, budget, held.version if held else None),
            moved=moved_of(standing, bot.policy),
        ),
        bot.policy.basis,
    )


def _own(policy: Policy, asker: Person) -> list[Budget]:
    """The budgets somebody owns or is the backup of; a guest's are also those of their team."""

    def names(budget: Budget) -> Iterator[str | None]:
        yield from (budget.owner, budget.backup)
        if asker.guest and budget.team:
            yield from budget.team.people

    return [b for b in policy.tree if any(ref and asker.is_called(ref) for ref in names(b))]
