"""The record held against itself: every row follows on the one before, under a key that may."""

import hmac
from dataclasses import dataclass, field

from store.audit_keys import PLAIN, UNKNOWN, Content, Keys

GENESIS = "0" * 64
KEYED, REKEYED = "audit.keyed", "audit.rekeyed"
SHORTEST = 12  # digits of a head that somebody wrote down


@dataclass(frozen=True, slots=True)
class Span:
    """Rows that one key holds; `key` is its name, or PLAIN."""

    first: int
    last: int
    key: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the chain holds; else the first row that does not."""

    rows: int
    broken_at: int | None = None
    why: str | None = None
    spans: tuple[Span, ...] = field(default=(), compare=False)
    head: str = field(default=GENESIS, compare=False)


@dataclass(frozen=True, slots=True)
class Noted:
    """The end of the record as somebody wrote it down: a hash or its beginning, with its row."""

    hash: str
    seq: int | None = None

    @classmethod
    def read(cls, text: str) -> "Noted | None":
        """From `412:9f3c…`, or the hash alone; None when it is neither."""
        seq, _, digits = text.strip().lower().rstrip("….").rpartition(":")
        hexadecimal = set(digits) <= set("0123456789abcdef")
        if not hexadecimal or not SHORTEST <= len(digits) <= len(GENESIS):
            return None
        if seq and not (seq.isascii() and seq.isdecimal()):
            return None
        return cls(digits, int(seq) if seq else None)


@dataclass(slots=True)
class Chain:
    """
    Rows are taken one after the other, so the record need not fit into memory.

    A row says by itself by which key it was hashed. From plain to a key needs no leave: nobody
    else could. From one key to another needs the row that says so, and there is no way back, not
    to a key that was left and not to none: whoever took an old key could go on with it.
    """

    keys: Keys
    noted: Noted | None = None
    rows: int = 0
    end: str = GENESIS
    held_by: str | None = None
    left: set[str] = field(default_factory=set)
    spans: list[Span] = field(default_factory=list)
    _found: bool = False

    def take(self, content: Content, digest: str) -> Verdict | None:
        """The next row; a verdict when the chain breaks there."""
        self.rows += 1
        if content.seq != self.rows:
            return self._broken(f"row {self.rows} is missing")
        if content.previous != self.end:
            return self._broken(f"row {self.rows} was changed, or the one before it")
        if (why := self._why_not(content, digest)) is not None:
            return self._broken(why)
        if self.noted is not None and digest.startswith(self.noted.hash):
            self._found = self._found or self.noted.seq in {None, self.rows}
        self.end = digest
        return None

    def finish(self, head_seq: int, head_hash: str) -> Verdict:
        """Held against the head row, and against what was written down elsewhere."""
        if (head_seq, head_hash) != (self.rows, self.end):
            return self._broken(f"rows after {self.rows} were removed", self.rows + 1)
        if self.noted is not None and not self._found:
            row = self.noted.seq or self.rows + 1
            return self._broken(
                f"the head {self.noted.hash[:SHORTEST]}… that was written down is not in the record: "
                "rows were removed or written anew since",
                min(row, self.rows + 1),
            )
        return Verdict(self.rows, spans=tuple(self.spans), head=self.end)

    def _why_not(self, content: Content, digest: str) -> str | None:
        known = self.keys.names()
        now = self.held_by
        if now is not None and hmac.compare_digest(content.hashed(known[now]), digest):
            self._extend(now)
            return None
        found = self.keys.held_by(content, digest)
        if found == UNKNOWN:
            return self._unreadable(content)
        if now is not None and found == PLAIN:
            return f"row {self.rows} was written without the key"
        if found in self.left:
            return f"row {self.rows} was written with the key {found}, which had been left"
        if now not in {None, PLAIN} and content.kind != REKEYED:
            return f"row {self.rows} was written with another key, and no row says why"
        self.left |= {now} if now else set()
        self.held_by = found
        self._extend(found)
        return None

    def _unreadable(self, content: Content) -> str:
        named = content.data.get("key")
        if content.kind in {KEYED, REKEYED} and isinstance(named, str):
            if named not in self.keys.names():
                return f"from row {self.rows} on the key is {named}, which AUDIT_KEY does not hold"
        elif not self.keys.values and self.rows == 1:
            return "row 1 was changed, or the record is kept with a key: set AUDIT_KEY"
        return f"row {self.rows} was changed, or its key is not in AUDIT_KEY"

    def _extend(self, key: str) -> None:
        first = self.rows
        if self.spans and self.spans[-1].key == key:
            first = self.spans.pop().first
        self.spans.append(Span(first, self.rows, key))

    def _broken(self, why: str, at: int | None = None) -> Verdict:
        return Verdict(self.rows, at or self.rows, why, tuple(self.spans), self.end)
