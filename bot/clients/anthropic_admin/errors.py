"""
What can go wrong at the Admin API.

AdminError    `permanent`: somebody has to act, and the text says what; `in_doubt`: the request may
              have been carried out all the same, because its answer was lost
"""

from bot.domain.errors import BudgetBotError


class AdminError(BudgetBotError):
    def __init__(
        self,
        text: str,
        *,
        permanent: bool,
        status: int | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        in_doubt: bool = False,
    ) -> None:
        super().__init__(text)
        self.text = text
        self.permanent = permanent
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.in_doubt = in_doubt
