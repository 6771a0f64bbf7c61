"""Slack accounts as last looked up."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from bot.domain.people import Person
from store.batches import batches
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


def names(tx: Session, ids: Collection[str]) -> dict[str, frozenset[str]]:
    """
    What the policy may call each of these people: their id, and every address that led to them.

    All in lower case. Slack may hide somebody's address; then it is known by the look-up it led to.
    """
    found = {id_: {id_.lower()} for id_ in ids}
    hidden = set[str]()
    for some in batches([id_.lower() for id_ in ids]):
        for row in tx.exec(select(PersonRow).where(col(PersonRow.ref).in_(some or []))):
            person = Person(**row.person)
            if person.email is None:
                hidden.add(person.id)
            elif person.id in found:
                found[person.id].add(person.email.lower())
    for row in tx.exec(select(PersonRow)) if hidden else ():
        if row.person["id"] in hidden & found.keys():
            found[row.person["id"]].add(row.ref)
    return {id_: frozenset(known) for id_, known in found.items()}
