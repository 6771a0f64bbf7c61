"""What somebody decides on: what they were shown, on which terms, and where they pressed."""

from dataclasses import dataclass

from bot.domain.overages import Terms
from bot.domain.places import Place


@dataclass(frozen=True, slots=True)
class Click:
    """
    What a decision was made on: the figures that were shown, the terms, and where it was pressed.

    Without a revision it is about the request as it is; without terms about all that was asked for.
    `os_user` has decided by the command line.
    """

    revision: int | None = None
    terms: Terms | None = None
    place: Place | None = None
    os_user: str | None = None

    @property
    def origin(self) -> dict[str, object]:
        """As the record tells it."""
        if self.os_user is not None:
            return {"via": "command line", "os_user": self.os_user}
        return {"message_link": self.place.link} if self.place else {}


AS_IT_IS = Click()
