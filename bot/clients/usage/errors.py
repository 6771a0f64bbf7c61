"""
What can go wrong when usage is read.

SourceError
├── SourceUnavailable    may work later; `retry_after` in seconds when the source said so
├── SourceRefused        somebody has to change something; the text names the remedy
└── SourceDataError      it answered, but not with what is documented; names field and row
    ├── PageLoop         the pages do not end
    └── AnswerTooLarge   a single answer is larger than any real one
"""

from bot.domain.errors import BudgetBotError


class SourceError(BudgetBotError):
    """Nothing was read: a fetch that fails returns nothing partial."""


class SourceUnavailable(SourceError):  # noqa: N818 - says what the source is or did
    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class SourceRefused(SourceError):  # noqa: N818 - says what the source is or did
    def __init__(self, text: str, status: int | None = None, code: str | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


class SourceDataError(SourceError):
    pass


class PageLoop(SourceDataError):  # noqa: N818 - says what the source is or did
    pass


class AnswerTooLarge(SourceDataError):  # noqa: N818 - says what the source is or did
    pass
