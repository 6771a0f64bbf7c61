"""The Home tab: published when it is opened, and anew when something on it has changed."""

from datetime import datetime

from bot.effects.home import views
from bot.parts import Bot
from bot.render.home import digest
from store import audit_reading, homes

MOST = 200  # the last who opened it


def opened(bot: Bot, user_id: str, event_id: str, now: datetime) -> bool:
    """Publish for somebody who has opened it; False when this event was delivered before."""
    with bot.db.transaction() as tx:
        is_new = homes.open_for(tx, user_id, event_id, now)
    if is_new:
        bot.wake()
    return is_new


class Watch:
    """
    Looks often, and works only when something was recorded since it last looked.

    What it remembers is no fact: after a restart it looks once for nothing.
    """

    def __init__(self) -> None:
        self._seen: int | None = None

    def refresh_if_moved(self, bot: Bot, now: datetime) -> int | None:
        """As `refresh`, after a decision, an answer or a confirmation; None when there was none."""
        with bot.db.transaction() as tx:
            length = audit_reading.head(tx)[0]
        if length == self._seen:
            return None
        count, is_sure = _look(bot, now)
        if is_sure:
            self._seen = length
        return count


def refresh(bot: Bot, now: datetime) -> int:
    """
    Ask for what is shown differently now; for how many people.

    What waits to be published is left alone, for it is put together when it is sent. Where
    publishing was refused for good, nothing is tried before they open it again.
    """
    return _look(bot, now)[0]


def _look(bot: Bot, now: datetime) -> tuple[int, bool]:
    """
    For how many people; and whether nobody's tab is on its way.

    One that is, may have been put together before what was just recorded: whoever looks because of
    that has to look again.
    """
    with bot.db.transaction() as tx:
        homes.forget_old(tx, now)
        last = homes.newest(tx, homes.openers(tx, now, MOST))
        shown = {id_: entry.result for id_, entry in last.items() if entry.result}
        groups = {id_: result.get("groups", ()) for id_, result in shown.items()}
        looked = views(tx, bot, groups, now) if shown else {}
        count = 0
        for id_, view in sorted(looked.items()):
            new = digest(view)
            if new != shown[id_]["digest"]:
                count += homes.change_for(tx, id_, new, last[id_], now)
    if count:
        bot.wake()
    return count, not any(entry.state == "pending" and entry.attempts for entry in last.values())
