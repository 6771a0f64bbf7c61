"""What should happen to the API keys of a budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.clients.anthropic_admin.answers import KeyAnswer
from bot.clients.enforcement.anthropic_record import KnownKey, Record
from bot.clients.enforcement.anthropic_steps import SwitchKey, Verdict

ACTIVE, INACTIVE = "active", "inactive"
_SWITCHABLE = (ACTIVE, INACTIVE)


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A key that the policy means; `exact` by its id or its whole name, not by a glob."""

    key: KeyAnswer
    exact: bool


def judge_keys(
    verdict: Verdict,
    named: Sequence[NamedKey],
    every: Mapping[str, KeyAnswer],
    known: Record,
    *,
    let_on: bool,
    overrule: bool,
    force: bool,
) -> dict[str, KnownKey]:
    """
    Switches named keys off, or those on again that the bot itself switched off. What was found.

    A key that somebody else switched off stays off, and one that somebody switched on again while
    it should be off stays on: both are told. A glob may mean keys that were retired before the bot
    came; those are only noted, because nobody changed them. `overrule`: a key that is on again may
    have been switched on by the bot itself.
    """
    found: dict[str, KnownKey] = {}
    meant = {item.key.id for item in named}
    for item in named:
        before = known.keys.get(item.key.id)
        found[item.key.id] = now = _settle(item.key, before)
        if let_on:
            _let_on(verdict, item, now, before, force=force)
        else:
            _hold_off(verdict, item.key.id, now, before, overrule=overrule)
    for id_ in known.ours():
        key = every.get(id_)
        if id_ in meant or key is None:
            continue
        now = _settle(key, known.keys[id_])
        if now.off:
            found[id_] = now
            # no longer named, for the policy has changed: nobody else would switch it on again;
            # a name that is not found any more must not open a budget that is blocked
            if let_on or not verdict.refused:
                verdict.steps.append(SwitchKey(id_, now, on=True))
    return found


def _settle(key: KeyAnswer, before: KnownKey | None) -> KnownKey:
    """A key that is inactive is ours when the bot switched it off, or tried to and never heard."""
    if before is None or key.status != INACTIVE:
        return KnownKey(key.name, key.status)
    ours = before.off or before.doubt
    changed = before.changed or before.status == ACTIVE
    return KnownKey(key.name, key.status, off=ours, changed=changed and not ours)


def _hold_off(
    verdict: Verdict, id_: str, now: KnownKey, before: KnownKey | None, *, overrule: bool
) -> None:
    if now.status == ACTIVE:
        if before is not None and before.off and not before.doubt and not overrule:
            verdict.edits.append(
                f"key {now.name} is active, although the bot had switched it off: somebody "
                "switched it on again"
            )
        else:
            verdict.steps.append(SwitchKey(id_, now, on=False))
    elif now.status == INACTIVE and not now.off:
        verdict.notes.append(f"key {now.name} was off already and will stay off")


def _let_on(
    verdict: Verdict, item: NamedKey, now: KnownKey, before: KnownKey | None, *, force: bool
) -> None:
    if now.status == ACTIVE:
        return
    if now.status == INACTIVE:
        if now.off or (force and (item.exact or now.changed)):
            verdict.steps.append(SwitchKey(item.key.id, now, on=True))
        elif item.exact or now.changed:
            verdict.edits.append(
                f"key {now.name} is inactive, and it was not the bot that switched it off"
            )
        else:
            verdict.notes.append(f"key {now.name} was off before and stays off")
    elif item.exact:
        verdict.refused.append(
            f"key {now.name} is {now.status} and can never come back: make a new key in Console > "
            "API keys and name it in `enforce`"
        )
    elif before is not None and before.status in _SWITCHABLE:
        verdict.notes.append(f"key {now.name} is {now.status} and can never come back")
