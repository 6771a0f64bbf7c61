"""The state behind the usage API double: spend events, and how far the data has come."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.clock import Clock
from bot.domain.usage import Tokens
from bot.sandbox.usage.events import SpendEvent
from bot.sandbox.usage.organization import Organization
from bot.sandbox.usage.query import EARLIEST

Usd = str | int | Decimal
_OLDER_LAG = timedelta(minutes=5)  # "usually", says the documentation


class Ledger:
    """
    Thread-safe: a simulation writes while the server reads.

    `refresh_lag` is how far the analytics reports are behind, `older_lag` how far the older usage
    report is: 5 minutes, and without being told otherwise never more than the analytics reports.
    `cost_lag` is how long after its end a day shows up in the older cost report.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.organization = Organization(founded_at=EARLIEST)
        self.events: dict[str, SpendEvent] = {}
        self.refresh_lag = timedelta(0)
        self.older_lag: timedelta | None = None
        self.cost_lag = timedelta(0)
        self._frozen_at: datetime | None = None

    def horizon(self) -> datetime:
        """What the API could know: the present, or the moment its data stood still."""
        return self._frozen_at or self.clock().astimezone(UTC)

    def refreshed_at(self) -> datetime:
        return self.horizon() - self.refresh_lag

    def older_refreshed_at(self) -> datetime:
        lag = min(self.refresh_lag, _OLDER_LAG) if self.older_lag is None else self.older_lag
        return self.horizon() - lag

    def freeze(self) -> None:
        """The data stands still from now on: the API answers, but with nothing new."""
        with self.lock:
            self._frozen_at = self.clock().astimezone(UTC)

    def thaw(self) -> None:
        with self.lock:
            self._frozen_at = None

    def shown(self) -> list[SpendEvent]:
        """What the analytics reports know."""
        return self._shown(self.refreshed_at())

    def shown_older(self) -> list[SpendEvent]:
        """What the two older reports know."""
        return self._shown(self.older_refreshed_at())

    def spend(
        self,
        at: datetime,
        usd: Usd | None,
        list_usd: Usd | None = None,
        *,
        workspace: str | None = None,
        api_key: str | None = None,
        actor: str | None = None,
        model: str | None = "claude-opus-5-5",
        product: str | None = "messages_api",
        tokens: Tokens | None = None,
        requests: int = 1,
        web_searches: int = 0,
        cost_type: str = "tokens",
        visible_at: datetime | None = None,
        dimensions: Mapping[str, str | None] | None = None,
    ) -> str:
        """
        Adds spend and answers its event id; names not seen before are added.

        `actor` is an e-mail address, `service:ID`, `federated:SUBJECT`, or `unrenderable:X` for an
        identity that reads null in a row of its own; without one the key itself is the actor.
        """
        if at.tzinfo is None or (visible_at is not None and visible_at.tzinfo is None):
            raise ValueError("spend needs aware datetimes")
        with self.lock:
            org = self.organization
            workspace_id = org.find_workspace(workspace) if workspace else org.default_workspace_id
            key_id = org.find_api_key(api_key, workspace_id) if api_key else None
            event = SpendEvent(
                id=f"evt_{len(self.events) + 1:06d}",
                at=at.astimezone(UTC),
                cents=_cents(usd),
                list_cents=_cents(usd if list_usd is None else list_usd),
                tokens=tokens or Tokens(),
                requests=requests,
                web_searches=web_searches,
                cost_type=cost_type,
                visible_at=visible_at,
                actor=self._actor(actor, key_id),
                dimensions={
                    "service_tier": "standard",
                    **(dimensions or {}),
                    "workspace_id": workspace_id,
                    "api_key_id": key_id,
                    "model": model,
                    "product": product,
                },
            )
            self.events[event.id] = event
        return event.id

    def revise(
        self,
        event_id: str,
        *,
        usd: Usd | None = None,
        list_usd: Usd | None = None,
        tokens: Tokens | None = None,
        requests: int | None = None,
    ) -> None:
        """Corrects spend already reported, up or down, as the provider does for days."""
        with self.lock:
            event = self.events[event_id]
            gross = list_usd if list_usd is not None else usd
            self.events[event_id] = replace(
                event,
                cents=event.cents if usd is None else _cents(usd),
                list_cents=event.list_cents if gross is None else _cents(gross),
                tokens=tokens or event.tokens,
                requests=event.requests if requests is None else requests,
            )

    def _shown(self, refreshed_at: datetime) -> list[SpendEvent]:
        horizon = self.horizon()
        return [event for event in self.events.values() if event.shown(horizon, refreshed_at)]

    def _actor(self, actor: str | None, key_id: str | None) -> str | None:
        """Attributed to the named identity, else to the key, else to nobody."""
        if actor is None:
            return f"key:{key_id}" if key_id else None
        if actor.startswith(("service:", "federated:", "unrenderable:")):
            return actor
        return f"user:{self.organization.find_user(actor)}"


def _cents(usd: Usd | None) -> Decimal | None:
    return None if usd is None else Decimal(usd) * 100
