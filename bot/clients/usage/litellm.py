"""
LiteLLM's daily activity as a usage source: whole UTC days of every team, or an error.

Each team is asked for on its own, at `/team/daily/activity`. Three other ways are traps: tag activity
counts a request once for each of its tags, user activity that is read in pages grows in between,
and `/global/spend/teams` rounds to cents. Pages are avoided here too: older versions order them by
date alone, so a row can come twice or never (BerriAI/litellm#30164). A window with more than one
page is asked for in halves down to a day.

LiteLLM does not say how far its figures reach: its batch writer lags 10 s by default, more when it
is set so or buffered in Redis. So `refreshed_at` is None, not a guess. Spend of a key outside every
team is not in it. The key must be an administrator's: others are shown their own keys' spend only,
and nothing in the answer says so.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from bot.clients.remedies import Remedies
from bot.clients.usage.closing import Closing
from bot.clients.usage.errors import PageLoop, SourceDataError, SourceRefused
from bot.clients.usage.http import HttpJson
from bot.clients.usage.http_json import parse_answer
from bot.clients.usage.litellm_answers import ActivityPage, Team, TeamPage
from bot.clients.usage.litellm_rows import DAY, TeamActivity
from bot.clients.usage.patience import Patience
from bot.clients.usage.reading import LARGEST_ANSWER
from bot.clock import Clock, utc_now
from bot.domain.usage import ApiKey, Directory, Fetched, UsageRow, Window

EARLIEST = datetime(2025, 4, 15, tzinfo=UTC)  # no version before it kept days of a team
TEAMS = "/v2/team/list"
ACTIVITY = "/team/daily/activity"
_TEAMS_A_PAGE = 100  # the most it gives
_IN_ORDER = ("sort_by", "team_id")
_ROWS_A_PAGE = 1000
_MOST_PAGES = 10_000
_NAMES_FROM = timedelta(days=31)
_NO_DATABASE = "LiteLLM runs without a database and so counts nothing: set its DATABASE_URL"
NO_DATABASE = dict.fromkeys(
    ("no db connected", "db not connected", "database not connected"), _NO_DATABASE
)
REMEDIES = Remedies(
    gateway="LiteLLM",
    address="LITELLM_BASE_URL",
    key="LITELLM_API_KEY",
    forbidden=f"LITELLM_API_KEY needs a proxy_admin's key with allowed_routes {TEAMS} and {ACTIVITY}",
    phrases=NO_DATABASE,
)


class LiteLlmSource(Closing):
    def __init__(
        self,
        key: str,
        base_url: str,
        *,
        name: str = "litellm",
        patience: float = 15.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Clock = utc_now,
        largest_answer: int = LARGEST_ANSWER,
        read_seconds: float = 10.0,
    ) -> None:
        self.name = name
        self._patience = patience
        self._clock = clock
        self._http = HttpJson(
            base_url,
            REMEDIES,
            authorization=f"Bearer {key}",
            secrets=(key,),
            sleep=sleep,
            clock=clock,
            largest_answer=largest_answer,
            read_seconds=read_seconds,
        )
        self._teams: dict[str, Team] = {}
        self._keys: dict[str, ApiKey] = {}
        self._named = False

    def earliest(self, now: datetime) -> datetime:  # noqa: ARG002 - it does not move
        return EARLIEST

    def fetch(self, window: Window, now: datetime) -> Fetched:
        """
        Every row of the window, in whole UTC days up to the end of today.

        A day is one row, so a window that begins inside a day is widened: the row replaces the
        whole day in the ledger. Any failure raises.
        """
        readable = _whole_days(window, now)
        if readable is None:
            raise SourceRefused(
                f"nothing can be read for {window.starts_at:%F} to {window.ends_at:%F}: "
                f"LiteLLM answers from {EARLIEST:%F} to today"
            )
        patience = Patience(self._patience)
        rows: list[UsageRow] = []
        keys: dict[str, ApiKey] = {}
        for team in self._read_teams(readable, patience):
            activity = TeamActivity(self.name, team.name)
            self._read_activity(activity, team, readable, patience)
            rows += activity.rows()
            keys |= {id_: ApiKey(id_, key.key_alias or id_) for id_, key in activity.keys.items()}
        self._keys |= keys
        return Fetched(window=readable, rows=tuple(rows), refreshed_at=None)

    def directory(self) -> Directory:
        """Keys by their alias, as far back as a month; there is no list of them to ask for."""
        if not self._named:
            now = self._clock()
            self.fetch(Window(now - _NAMES_FROM, now), now)
            self._named = True
        return Directory(api_keys=dict(self._keys))

    def check(self) -> str:
        """How many teams the key sees; and that it may read what they spent."""
        patience = Patience(self._patience)
        teams = self._list_teams(patience)
        today = _floor(self._clock())
        for team in teams[:1]:
            self._ask(team, Window(today, today + DAY), 1, patience)
        return f"LiteLLM, {len(teams)} {'team' if len(teams) == 1 else 'teams'}"

    def close(self) -> None:
        self._http.close()

    def _read_teams(self, window: Window, patience: Patience) -> list[Team]:
        """
        Every team that may have spent in the window: what a deleted team has spent stays spent.

        Versions without a list of deleted teams answer with the others once more; for them a team
        is asked for as long as it is remembered.
        """
        for team in self._list_teams(patience, ("status", "deleted")):
            if not _deleted_before(team, window.starts_at):
                self._teams[team.team_id] = team
        self._teams |= {team.team_id: team for team in self._list_teams(patience)}
        return [self._teams[id_] for id_ in sorted(self._teams)]

    def _list_teams(self, patience: Patience, *more: tuple[str, str]) -> list[Team]:
        """All pages, counted: a list that moves under the pages may have lost one."""
        found: list[Team] = []
        for page in range(1, _MOST_PAGES):
            asked = (("page", str(page)), ("page_size", str(_TEAMS_A_PAGE)), _IN_ORDER, *more)
            answer = parse_answer(TeamPage, self._http.get(TEAMS, asked, patience), TEAMS)
            if answer.page != page:
                raise PageLoop(f"{TEAMS}: page {page} was asked for and {answer.page} came")
            found += answer.teams
            if page >= answer.total_pages:
                break
        else:
            raise PageLoop(f"{TEAMS}: more than {_MOST_PAGES:,} pages")
        # an id may be deleted more than once, but it is a team only once
        count = len(found) if more else len({team.team_id for team in found})
        if count != answer.total:
            raise SourceDataError(f"{TEAMS}: {count} teams came of {answer.total}")
        return found

    def _read_activity(
        self, activity: TeamActivity, team: Team, window: Window, patience: Patience
    ) -> None:
        """One answer if it has one page, else two halves of the window, else the pages of a day."""
        first = self._ask(team, window, 1, patience)
        days = (window.ends_at - window.starts_at) // DAY
        if _pages(first) > 1 and days > 1:
            middle = window.starts_at + days // 2 * DAY
            self._read_activity(activity, team, Window(window.starts_at, middle), patience)
            self._read_activity(activity, team, Window(middle, window.ends_at), patience)
            return
        for page in self._rest_of(first, team, window, patience):
            activity.take(page, window, ACTIVITY)

    def _rest_of(
        self, first: ActivityPage, team: Team, window: Window, patience: Patience
    ) -> Iterator[ActivityPage]:
        answer, page = first, 1
        yield answer
        while answer.metadata.has_more or page < answer.metadata.total_pages:
            page += 1
            if page > _MOST_PAGES:
                raise PageLoop(f"{ACTIVITY}: more than {_MOST_PAGES:,} pages")
            answer = self._ask(team, window, page, patience)
            yield answer

    def _ask(self, team: Team, window: Window, page: int, patience: Patience) -> ActivityPage:
        asked = (
            ("team_ids", team.team_id),
            ("start_date", f"{window.starts_at:%F}"),
            ("end_date", f"{window.ends_at - DAY:%F}"),  # the last day is part of it
            ("page", str(page)),
            ("page_size", str(_ROWS_A_PAGE)),
        )
        return parse_answer(ActivityPage, self._http.get(ACTIVITY, asked, patience), ACTIVITY)


def _pages(answer: ActivityPage) -> int:
    return max(answer.metadata.total_pages, 2 if answer.metadata.has_more else 1)


def _deleted_before(team: Team, moment: datetime) -> bool:
    """A time that cannot be read counts as not said."""
    try:
        deleted_at = datetime.fromisoformat(team.deleted_at or "")
    except ValueError:
        return False
    return deleted_at.replace(tzinfo=deleted_at.tzinfo or UTC) < moment


def _whole_days(window: Window, now: datetime) -> Window | None:
    starts_at = max(_floor(window.starts_at), EARLIEST)
    ends_at = min(_ceil(window.ends_at), _ceil(now))
    return Window(starts_at, ends_at) if starts_at < ends_at else None


def _floor(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _ceil(moment: datetime) -> datetime:
    floor = _floor(moment)
    return floor if floor == moment else floor + DAY
