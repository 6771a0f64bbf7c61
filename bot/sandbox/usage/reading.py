"""Pages of a report: a snapshot is taken for the first, so later ones neither skip nor repeat."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from bot.sandbox.usage.dimensions import Report
from bot.sandbox.usage.ledger import Ledger
from bot.sandbox.usage.organization import format_time
from bot.sandbox.usage.query import Query, invalid, read_query
from bot.sandbox.usage.report import build_rows

_KEPT = 64


@dataclass(frozen=True, slots=True)
class _Snapshot:
    asked: tuple[tuple[str, str], ...]
    rows: list[list[dict[str, object]]]
    refreshed_at: str


class Reports:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._snapshots: OrderedDict[str, _Snapshot] = OrderedDict()
        self._count = 0

    def read(self, report: Report, pairs: Sequence[tuple[str, str]]) -> dict[str, object]:
        with self._ledger.lock:
            query = read_query(pairs, report, self._ledger.clock())
            asked = tuple(sorted((report.name, *pair) for pair in pairs if pair[0] != "page"))
            key = tuple((name, f"{left}={right}") for name, left, right in asked)
            id_, offset, snapshot = self._open(report, query, key)
        end = offset + min(query.limit, self._ledger.organization.most_on_a_page)
        shown = snapshot.rows[offset:end]
        more = end < len(snapshot.rows)
        return {
            "data": [row for rows in shown for row in rows],
            "has_more": more,
            "next_page": f"page_{id_}_{end}" if more else None,
            "data_refreshed_at": snapshot.refreshed_at,
        }

    def _open(
        self, report: Report, query: Query, asked: tuple[tuple[str, str], ...]
    ) -> tuple[str, int, _Snapshot]:
        if query.page is None:
            rows = build_rows(self._ledger.shown(), query, report, self._ledger.organization)
            self._count += 1
            id_ = f"{self._count:06x}"
            snapshot = _Snapshot(asked, rows, format_time(self._ledger.refreshed_at()))
            self._snapshots[id_] = snapshot
            while len(self._snapshots) > _KEPT:
                self._snapshots.popitem(last=False)
            return id_, 0, snapshot
        word, _, rest = query.page.partition("_")
        id_, _, offset = rest.partition("_")
        found = self._snapshots.get(id_)
        if word != "page" or found is None or found.asked != asked or not offset.isdigit():
            raise invalid("page: not a cursor of this query")
        return id_, int(offset), found
