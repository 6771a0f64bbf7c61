"""Where the dollars come from: in a sentence, and as a choice in the form."""

from slackblocks import Block, InputBlock, Option, PlainText, StaticSelectMenu

from bot.domain.budgets import Funding
from bot.domain.funding import NOTHING, TRANSFER, Reserve, Sources
from bot.domain.money import dollars

LONGEST = 75
MOST = 97  # of 100 options, three are not budgets


def source_text(kind: Funding, reserve: Reserve | None) -> str:
    """`The dollars come from the reserve: $52,000 of $60,000 left.`"""
    if kind is Funding.COMMITMENT:
        return "It is a true overage: the commitment is drawn down faster."
    left = f": {dollars(reserve.left)} of {dollars(reserve.whole)} left" if reserve else ""
    return f"The dollars come from the reserve{left}."


def choices(sources: Sources) -> dict[str, str]:
    """What can be chosen, by the value of the option; the first is proposed."""
    found: dict[str, str] = {}
    empty = sources.reserve is None or sources.reserve.left <= 0
    if sources.has(Funding.RESERVE) and sources.reserve is not None and not empty:
        left, whole = dollars(sources.reserve.left), dollars(sources.reserve.whole)
        found[Funding.RESERVE.value] = f"From the reserve: {left} of {whole} left"
    if sources.has(Funding.COMMITMENT):
        found[Funding.COMMITMENT.value] = "A true overage of the commitment"
    if sources.reserve is None and sources.allowed != (Funding.TRANSFER,):
        found[NOTHING] = "From nowhere else: the limit is lifted"
    for budget, room in sources.donors[:MOST]:
        rest = f": {dollars(room)} left"
        name = budget.name[: LONGEST - len(rest) - len("From ")]
        found[f"{TRANSFER}{budget.id}"] = f"From {name}{rest}"
    return found


def funding_block(sources: Sources, chosen: str) -> Block | None:
    """None where there is nothing to choose."""
    offered = choices(sources)
    if len(offered) < 2 and chosen in {"", *offered}:
        return None
    if not offered:
        return None
    options = {value: Option(PlainText(text), value=value) for value, text in offered.items()}
    return InputBlock(
        PlainText("Where do the dollars come from?"),
        StaticSelectMenu(
            action_id="funding",
            options=list(options.values()),
            initial_option=options.get(chosen) or next(iter(options.values())),
        ),
        block_id="funding",
        hint=PlainText("The owner of another budget has to agree before it gives anything."),
        dispatch_action=True,
    )
