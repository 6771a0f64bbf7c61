"""Slack accounts as last looked up."""

from dataclasses import asdict
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.domain.people import Person
from store.inserts import upsert
from store.tables import PersonRow


def known(tx: Session, ref: str, now: datetime, *, within: timedelta) -> Person | None:
    """A person by e-mail or id, if looked up within that time."""
    row = tx.get(PersonRow, ref.lower())
    if row is None or now - row.looked_up_at > within:
        return None
    return Person(**row.person)


def remember(tx: Session, ref: str, person: Person, now: datetime) -> None:
    """Keep an account under the name it was looked up by, and under its id."""
    # In one order everywhere, or two replicas wait for each other's row.
    for name in sorted({ref.lower(), person.id.lower()}):
        upsert(tx, PersonRow, ref=name, person=asdict(person), looked_up_at=now)


def find(tx: Session, ref: str) -> Person | None:
    """A person as last looked up, however long ago."""
    row = tx.get(PersonRow, ref.lower())
    return None if row is None else Person(**row.person)
