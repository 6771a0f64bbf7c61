"""
The exceptions a rule raises.

BudgetBotError
├── UserError      its text is shown to the person, and names the remedy
└── ConfigError    its text is shown to the operator: file, line, field, remedy
"""


class BudgetBotError(Exception):
    """The root: nothing of ours is raised that is not one of these."""


class UserError(BudgetBotError):
    """Somebody asked for what cannot be; the text says why, and what would work."""

    def __init__(self, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.field = field


class ConfigError(BudgetBotError):
    """The policy or the environment cannot be used; one line for each thing to mend."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
