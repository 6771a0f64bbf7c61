"""
Importing a file of usage: read once, sorted on disk, and written a stretch of time at a time.

A file is a source of its own, named by its content, and each transaction *replaces* a stretch of
that source. So there is no progress to remember: after a crash, or twice, the same command ends
with the same ledger. The stretches together cover all time; an earlier reading of the same file,
with other columns mapped, leaves nothing behind.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from bot.clients.usage.focus import UsageFile, name_of
from bot.clients.usage.focus_charges import NotUsage
from bot.clients.usage.focus_plain import parse_map
from bot.clients.usage.focus_spool import Spool
from bot.clients.usage.focus_table import BadLine
from bot.domain.attribution import Charge, attribute
from bot.domain.budgets import UNATTRIBUTED
from bot.domain.errors import UserError
from bot.domain.money import ZERO, Micros
from bot.domain.usage import Directory, UsageRow, Window, Workspace
from bot.effects import recording
from bot.intake.imported import EVER, NEVER
from bot.intake.overlaps import Overlap, Span, find_overlaps, take_back
from bot.parts import Bot
from store import directory, ledger, sources

__all__ = ["BATCH", "Imported", "Overlap", "import_file", "parse_map"]

BATCH = 5_000
SHOWN = 50
EVERY = 1_000
AHEAD = timedelta(hours=1)  # a clock may be fast
Progress = Callable[[str, int, int], None]  # what is being done, how far, of how much


@dataclass(slots=True)
class Imported:
    """What became of a file, line by line and dollar by dollar."""

    source: str
    form: str
    rows: int = 0
    span: Span | None = None
    refused: int = 0
    shown: list[BadLine] = field(default_factory=list)  # the first ones that were refused
    skipped: Counter[str] = field(default_factory=Counter)  # no usage, by charge category
    skipped_net: dict[str, Micros] = field(default_factory=dict)
    overlaps: list[Overlap] = field(default_factory=list)
    replaced: list[Overlap] = field(default_factory=list)  # earlier imports that were taken back
    products: dict[str, Micros] = field(default_factory=dict)  # what the spend was for
    net: dict[str, Micros] = field(default_factory=dict)  # by budget
    list: dict[str, Micros] = field(default_factory=dict)


def import_file(
    bot: Bot,
    path: Path,
    now: datetime,
    mapping: Mapping[str, str] | None = None,
    *,
    overlap: bool = False,
    newer: bool = False,
    dry_run: bool = False,
    progress: Progress = lambda _doing, _done, _of: None,
) -> Imported:
    """
    Put a file's usage on the budgets the policy's rules name, and say what became of each line.

    Refused as a whole when another source already covers its hours, unless `overlap` says that
    they are different spend, or `newer` that earlier imports of them are to be taken back. A dry
    run does everything but write.
    """
    zone = bot.policy.organization.time_zone
    with closing(UsageFile(path, name_of(path), mapping or {}, zone)) as file:
        report = Imported(file.source, file.form)
        with closing(Spool(file.source)) as spool:
            _spool(file, spool, report, now, progress)
            _check(bot, spool, report, overlap=overlap or dry_run, newer=newer)
            _write(bot, file.workspaces, spool, report, now, progress, dry_run=dry_run)
    return report


def _spool(
    file: UsageFile, spool: Spool, report: Imported, now: datetime, progress: Progress
) -> None:
    for number, entry in enumerate(file.read()):
        match entry:
            case UsageRow() if entry.starts_at > now + AHEAD:
                report.refused += 1
                ahead = f"begins {entry.starts_at:%Y-%m-%d %H:%M}Z, which is still to come"
                if len(report.shown) < SHOWN:
                    report.shown.append(BadLine(number + 2, None, ahead))
            case UsageRow():
                spool.add(entry)
                product = entry.product or "no product"
                so_far = report.products.get(product, ZERO)
                report.products[product] = Micros(so_far + entry.net)
            case BadLine():
                report.refused += 1
                if len(report.shown) < SHOWN:
                    report.shown.append(entry)
            case NotUsage():
                report.skipped[entry.category] += 1
                before = report.skipped_net.get(entry.category, ZERO)
                report.skipped_net[entry.category] = Micros(before + entry.net)
        if number % EVERY == 0:
            progress("reading", file.position, file.size)
    progress("reading", file.size, file.size)
    report.rows = len(spool)


def _check(bot: Bot, spool: Spool, report: Imported, *, overlap: bool, newer: bool) -> None:
    """Whether other sources cover the file's hours; the refusal names them and the range."""
    spans = spool.spans()
    if not spans:
        return
    report.span = (spans[0][0], spans[-1][1])
    with bot.db.transaction() as tx:
        found = find_overlaps(tx, report.source, spans)
    report.replaced = [one for one in found if newer and one.is_import]
    report.overlaps = [one for one in found if one not in report.replaced]
    if report.overlaps and not overlap:
        named = "; ".join(map(str, report.overlaps))
        remedy = "if it is different spend, import it with --overlap"
        if all(one.is_import for one in report.overlaps):
            remedy += "; if this file is a newer one of the same usage, with --newer"
        raise UserError(
            f"nothing was imported: these hours are already covered by {named}. What both saw "
            f"would count twice; {remedy}",
            "overlap",
        )


def _write(
    bot: Bot,
    workspaces: Mapping[str, str],
    spool: Spool,
    report: Imported,
    now: datetime,
    progress: Progress,
    *,
    dry_run: bool,
) -> None:
    with bot.db.transaction() as tx:
        names = directory.everything(tx)
        new = {
            id_: Workspace(id_, n) for id_, n in workspaces.items() if id_ not in names.workspaces
        }
        if new and not dry_run:
            # New rules attribute the ledger again, long after the file is gone.
            sources.lock(tx, report.source)
            directory.save(tx, report.source, Directory(workspaces=new))
    names = replace(names, workspaces={**names.workspaces, **new})
    done = 0
    for window, stretch in _windows(spool):
        if dry_run:
            for rows in spool.rows(*stretch, BATCH):
                _charge(bot, rows, names, report)
                progress("attributing", done := done + len(rows), len(spool))
            continue
        with bot.db.transaction() as tx:
            if report.span is not None and done == 0:
                for earlier in report.replaced:
                    take_back(tx, earlier, report.span)
            sources.lock(tx, report.source)
            ledger.replace(tx, report.source, window, [])
            for rows in spool.rows(*stretch, BATCH):
                ledger.add(tx, report.source, _charge(bot, rows, names, report))
                done += len(rows)
        progress("writing", done, len(spool))
    if not dry_run and spool:
        _note(bot, report, now)


def _windows(spool: Spool) -> Iterator[tuple[Window, Span]]:
    """Each stretch with its window; the windows meet, the first begins ever and the last ends never."""
    stretches = list(spool.stretches(BATCH))
    edges = [EVER, *(first for first, _ in stretches[1:]), NEVER]
    for (starts_at, ends_at), stretch in zip(pairwise(edges), stretches, strict=False):
        yield Window(starts_at, ends_at), stretch


def _charge(bot: Bot, rows: list[UsageRow], names: Directory, report: Imported) -> list[Charge]:
    charges = attribute(rows, bot.policy.rules_by_name, names, otherwise=UNATTRIBUTED)
    for charge in charges:
        report.net[charge.budget] = Micros(report.net.get(charge.budget, ZERO) + charge.net)
        report.list[charge.budget] = Micros(report.list.get(charge.budget, ZERO) + charge.list)
    return charges


def _note(bot: Bot, report: Imported, now: datetime) -> None:
    data = {
        "form": report.form,
        "rows": report.rows,
        "refused": report.refused,
        "skipped": dict(report.skipped),
        "overlaps": [str(overlap) for overlap in report.overlaps],
        "replaced": [str(earlier) for earlier in report.replaced],
        "net": dict(report.net),
    }
    with bot.db.transaction() as tx:
        recording.note(tx, bot, "usage.imported", recording.OPERATOR, report.source, data, now)
