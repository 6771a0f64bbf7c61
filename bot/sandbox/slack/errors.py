"""What goes wrong in the sandbox.

SandboxError
├── NoSuchElement   what a person should press, choose or fill is not on their screen
├── CannotAct       Slack gives this person no way to do that
└── ApiError        a Web API refusal: HTTP 200 with `ok: false`
"""

from typing import Any


class SandboxError(Exception):
    """The root of all errors of the Slack sandbox."""


class NoSuchElement(SandboxError):  # noqa: N818 - the name says it all
    """What a person should press, choose or fill is not on their screen."""


class CannotAct(SandboxError):  # noqa: N818 - as above
    """Slack gives this person no way to do that: deactivated, outside the channel, a guest's limit."""


class ApiError(SandboxError):
    """A Web API refusal, with the error word and whatever else Slack puts beside it."""

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra

    def body(self) -> dict[str, Any]:
        return {"ok": False, "error": self.code, **self.extra}


def invalid_blocks(problems: list[str]) -> ApiError:
    messages = [f"[ERROR] {problem}" for problem in problems]
    return ApiError("invalid_blocks", errors=problems, response_metadata={"messages": messages})


def invalid_arguments(messages: list[str]) -> ApiError:
    return ApiError("invalid_arguments", response_metadata={"messages": messages})
