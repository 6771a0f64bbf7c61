"""
MLflow AI Gateway's budget windows as a usage source: running totals, or an error.

MLflow tells no usage, only what each budget policy's target has spent in the policy's current
window. So there is one row a target, within the first hours of the window, and every poll replaces
it: no days, models, keys or tokens. A run rate that looks at the last days sees all spend at the
window's start. Windows begin at midnight UTC, which is still the day before in America: half a day
later it is the same day, and so the same period of a budget, from there to Australia.

Three things keep the sum right. Policies of one scope are read (ENDPOINT unless told otherwise),
because a request counts in a GLOBAL policy and in its endpoint's. Of several policies on a target
the longest counts. And a total that is missing, or that falls within its window, is unknown, not
0: it raises. The last totals are remembered in memory only, so a fall across a restart of the bot
is not seen. What is spent between the last poll of a window and its end is never told.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.clients.credentials import basic
from bot.clients.remedies import Remedies
from bot.clients.usage.closing import Closing
from bot.clients.usage.errors import PageLoop, SourceRefused
from bot.clients.usage.http import HttpJson
from bot.clients.usage.http_json import parse_answer
from bot.clients.usage.mlflow_answers import Policy, PolicyPage, Windows
from bot.clients.usage.mlflow_totals import HOUR, Total, choose_totals, keep_totals
from bot.clients.usage.patience import Patience
from bot.clients.usage.reading import LARGEST_ANSWER
from bot.clock import Clock, utc_now
from bot.domain.usage import Directory, Fetched, Tokens, UsageRow, Window

POLICIES = "/api/3.0/mlflow/gateway/budgets/list"
WINDOWS = "/api/3.0/mlflow/gateway/budgets/windows"
SCOPE = "ENDPOINT"
_MOST_PAGES = 1_000
_MOST_DAYS = timedelta(days=366)
_A_DAY = timedelta(days=1)
_SAME_DAY = timedelta(hours=12)  # after midnight UTC it is one date on nearly every clock
REMEDIES = Remedies(
    gateway="MLflow",
    address="MLFLOW_BASE_URL",
    key="MLFLOW_USERNAME and MLFLOW_PASSWORD",
    forbidden="the user of MLFLOW_USERNAME must be allowed to read gateway budgets",
)


class MlflowSource(Closing):
    """`username` and `password` only where the server has authentication switched on."""

    def __init__(
        self,
        base_url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        scope: str = SCOPE,
        name: str = "mlflow",
        patience: float = 15.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Clock = utc_now,
        largest_answer: int = LARGEST_ANSWER,
        read_seconds: float = 10.0,
    ) -> None:
        self.name = name
        self._scope = scope
        self._patience = patience
        authorization, secrets = basic(username, password)
        self._http = HttpJson(
            base_url,
            REMEDIES,
            authorization=authorization,
            secrets=secrets,
            sleep=sleep,
            clock=clock,
            largest_answer=largest_answer,
            read_seconds=read_seconds,
        )
        self._last: dict[str, Total] = {}

    def earliest(self, now: datetime) -> datetime:
        """The start of the window that was read last; before that, as far as any window reaches."""
        starts = [total.starts_at for total in self._last.values()]
        return _floor(min(starts, default=now - _MOST_DAYS))

    def fetch(self, window: Window, now: datetime) -> Fetched:
        """
        One row a target, whatever part of the policies' window was asked for.

        The window that comes back is the policies' own: the row replaces the one of the last poll.
        A row ends with the window; a window that begins within an hour begins with it.
        """
        patience = Patience(self._patience)
        policies = self._read_policies(patience)
        windows = parse_answer(Windows, self._http.get(WINDOWS, (), patience), WINDOWS).windows
        totals = keep_totals(self._last, choose_totals(policies, windows, now))
        first = next(iter(totals.values()))
        span = Window(_floor(first.starts_at), _ceil(first.ends_at))
        self._last = totals  # before refusing: `earliest` says from now on what it would refuse
        if window.ends_at <= span.starts_at:
            raise SourceRefused(
                f"nothing can be read for {window.starts_at:%F} to {window.ends_at:%F}: MLflow "
                f"tells only the present totals, which begin {span.starts_at:%FT%RZ}"
            )
        at = _moment_of(span, now)
        rows = tuple(self._row(total, at, span) for _, total in sorted(totals.items()))
        # a worker's counters take in the others' at intervals nobody tells
        return Fetched(window=span, rows=rows, refreshed_at=None)

    def directory(self) -> Directory:
        """Empty: MLflow's policies know endpoints and users, neither workspaces nor keys."""
        return Directory()

    def check(self) -> str:
        patience = Patience(self._patience)
        policies = self._read_policies(patience)
        parse_answer(Windows, self._http.get(WINDOWS, (), patience), WINDOWS)
        targets = len({policy.target for policy in policies})
        return f"MLflow, {targets} {'target' if targets == 1 else 'targets'} of scope {self._scope}"

    def close(self) -> None:
        self._http.close()

    def _read_policies(self, patience: Patience) -> list[Policy]:
        """Read before the windows: a policy made in between has a window, but is not missed."""
        found: list[Policy] = []
        token: str | None = None
        seen: set[str] = set()
        while True:
            asked = () if token is None else (("page_token", token),)
            page = parse_answer(PolicyPage, self._http.get(POLICIES, asked, patience), POLICIES)
            found += page.budget_policies
            token = page.next_page_token
            if not token:
                break
            if token in seen or len(seen) >= _MOST_PAGES:
                raise PageLoop(f"{POLICIES}: the pages go round in a circle")
            seen.add(token)
        scoped = [policy for policy in found if policy.target_scope == self._scope]
        if not scoped:
            there = ", ".join(sorted({policy.target_scope for policy in found})) or "none"
            raise SourceRefused(
                f"MLflow has no budget policy of scope {self._scope} (there: {there}): without one "
                f"it counts nothing; create one (action ALERT refuses nothing) or set MLFLOW_SCOPE"
            )
        return scoped

    def _row(self, total: Total, at: datetime, span: Window) -> UsageRow:
        return UsageRow(
            source=self.name,
            starts_at=at,
            ends_at=span.ends_at,
            workspace_id=None,
            api_key_id=None,
            actor=None,
            model=None,
            product=None,
            net=total.spend,
            list=total.spend,  # MLflow prices by its own list and knows no discounts
            tokens=Tokens(),
            requests=0,
            team=total.target,
        )


def _moment_of(span: Window, now: datetime) -> datetime:
    """The hour that stands for a window, which one of days or longer puts on its first local day."""
    if span.ends_at - span.starts_at < _A_DAY:
        return span.starts_at
    return max(span.starts_at, min(_floor(now), span.starts_at + _SAME_DAY))


def _floor(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _ceil(moment: datetime) -> datetime:
    floor = _floor(moment)
    return floor if floor == moment else floor + HOUR
