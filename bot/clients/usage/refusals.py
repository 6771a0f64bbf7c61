"""Turns an error answer into the error to raise, with the remedy where somebody has to act."""

from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from bot.clients.usage.errors import SourceError, SourceRefused, SourceUnavailable

# The code says more than the type, and the type more than the status: read in this order.
_CODES = {
    "organization_not_enrolled_in_beta": (
        "the organization is not enrolled in the analytics beta: ask Anthropic to enrol it, or "
        "use a source of kind usage_report"
    ),
    "organization_type_not_supported": (
        "this kind of organization has no analytics API: use a source of kind usage_report"
    ),
    "enforced_spend_limit_reached": (
        "the organization reached its monthly spend limit with Anthropic, and the API answers "
        "again on the 1st, 00:00 UTC: raise the usage tier under Console > Settings > Limits"
    ),
    "contract_spend_limit_reached": (
        "the organization reached the spend limit of its contract: ask your account team"
    ),
    "linked_organization_spend_limit_reached": (
        "the linked organization reached its spend limit: ask its administrators"
    ),
}
_TYPES = {
    "authentication_error": (
        "the key was refused: set ANTHROPIC_ADMIN_KEY to an admin key (sk-ant-admin01-…) or a key "
        "with read:analytics"
    ),
    "permission_error": (
        "the key may not read this: set ANTHROPIC_ADMIN_KEY to an admin key (sk-ant-admin01-…) or "
        "a key with read:analytics"
    ),
    "billing_error": "Anthropic refuses for billing reasons: check Console > Settings > Billing",
    "not_found_error": "the endpoint does not exist there: check ANTHROPIC_BASE_URL",
    "invalid_request_error": "the request was refused",
}
# The older reports know no key that may only read.
_OLDER_REPORT = "/usage_report/"
_OLDER_TYPES = {
    "authentication_error": (
        "the key was refused: set ANTHROPIC_ADMIN_KEY to an admin key (sk-ant-admin01-…)"
    ),
    "permission_error": (
        "the key may not read this: set ANTHROPIC_ADMIN_KEY to an admin key (sk-ant-admin01-…)"
    ),
}
_TYPE_OF_STATUS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
}
_PASSING_TYPES = {"rate_limit_error", "overloaded_error", "timeout_error", "api_error"}
_PASSING_STATUSES = {408, 409, 425, 429}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an answer other than 200 says."""

    status: int
    type: str | None
    code: str | None
    message: str


class _Details(BaseModel):
    error_code: str | None = None


class _Error(BaseModel):
    type: str | None = None
    message: str = ""
    details: _Details | None = None


class _Envelope(BaseModel):
    error: _Error


def read_refusal(status: int, body: bytes, secret: str) -> Refusal:
    """The error envelope, or the status alone when a proxy in between answered."""
    try:
        error = _Envelope.model_validate_json(body).error
    except ValidationError:
        return Refusal(status, None, None, "")
    message = " ".join(error.message.replace(secret, "…").split())[:300]
    code = error.details.error_code if error.details else None
    return Refusal(status, error.type, code, message)


def judge_refusal(refusal: Refusal, path: str, retry_after: float | None) -> SourceError:
    text = _CODES.get(refusal.code or "")
    if text is None and _is_passing(refusal):
        said = f": {refusal.message}" if refusal.message else ""
        return SourceUnavailable(f"{path} answered {refusal.status}{said}", retry_after)
    if text is None:
        kind = refusal.type if refusal.type in _TYPES else _TYPE_OF_STATUS.get(refusal.status, "")
        texts = {**_TYPES, **_OLDER_TYPES} if _OLDER_REPORT in path else _TYPES
        text = texts.get(
            kind or "", f"an unexpected answer {refusal.status}: check ANTHROPIC_BASE_URL"
        )
    facts = ", ".join(str(fact) for fact in (refusal.status, refusal.code, refusal.message) if fact)
    return SourceRefused(f"{text} ({path} answered {facts})", refusal.status, refusal.code)


def _is_passing(refusal: Refusal) -> bool:
    """Trouble that may be over when it is tried again."""
    return (
        refusal.status >= 500
        or refusal.status in _PASSING_STATUSES
        or refusal.type in _PASSING_TYPES
    )
