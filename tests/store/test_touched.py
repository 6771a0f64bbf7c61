"""Budgets that were noted: taken once, each, however many there are."""

from store import touched
from store.db import Database
from store.touched import Touched


def test_more_than_one_statement_takes(db: Database) -> None:
    """A history of months notes every budget again each day: all are taken, and nothing is left."""
    everybody = frozenset(f"b{n}" for n in range(3_000))
    with db.transaction() as tx:
        for _ in range(4):
            touched.note(tx, everybody)
        touched.note(tx, {"b7", "last"}, limit_changed=True)
    with db.transaction() as tx:
        taken, again = touched.take(tx), touched.take(tx)

    assert Touched(everybody | {"last"}, frozenset({"b7", "last"})) == taken
    assert Touched() == again
