"""What a refusal of the Admin API means, and what people can do about it."""

from bot.clients.anthropic_admin.errors import AdminError
from bot.clients.usage.refusals import Refusal

WRITES_NOT_ENABLED = "spend_limits_admin_api_writes_not_enabled"
NOT_ENROLLED = "organization_not_enrolled_in_beta"
_KEYS_FULL = (
    "has reached its limit of active API keys, so a key cannot be switched on again: archive or "
    "switch off keys that nobody needs in Console > API keys, then `budget-bot outbox redrive`"
)
# The code says more than the type, and the type more than the status: read in this order.
_CODES = {
    "org_api_key_limit_exceeded": f"the organization {_KEYS_FULL}",
    "workspace_api_key_limit_exceeded": f"the workspace {_KEYS_FULL}",
    "organization_type_not_supported": (
        "this kind of organization does not have it: keys, workspaces and rate limits are Claude "
        "Console's, limits of members and increase requests are Claude Enterprise's"
    ),
    NOT_ENROLLED: "the organization is not enrolled in this beta: ask your Anthropic account team",
    WRITES_NOT_ENABLED: (
        "the organization has no spend-limit writes: ask your Anthropic account team to enable them"
    ),
    "sandbox_egress_restricted": (
        "Anthropic takes no changes from inside a Claude sandbox: run the bot outside it"
    ),
}
_KEY = (
    "set ANTHROPIC_ADMIN_KEY to an admin key (sk-ant-admin01-…) for API keys and rate limits, or "
    "to a key with read:spend_limits and write:spend_limits for Claude Enterprise"
)
_STATUSES = {
    400: "the request was refused",
    401: f"the key was refused: {_KEY}",
    402: "Anthropic refuses for billing reasons: check Console > Settings > Billing",
    403: f"the key may not do this: {_KEY}",
    404: "it does not exist there: check its id in `enforce`, and ANTHROPIC_BASE_URL",
    422: "the request was refused",
}
_STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
}
_PASSING_TYPES = {
    "rate_limit_error",
    "overloaded_error",
    "timeout_error",
    "api_error",
    "conflict_error",
}
_PASSING_STATUSES = {408, 409, 425, 429}


def judge_refusal(
    refusal: Refusal, path: str, retry_after: float | None, *, writing: bool
) -> AdminError:
    """
    Refusals that only people can change are permanent, with the remedy; the rest is tried again.

    After a 5xx it is not known whether a write was carried out.
    """
    facts = ", ".join(str(fact) for fact in (refusal.status, refusal.code, refusal.message) if fact)
    said = f"{path} answered {facts}"
    text = _CODES.get(refusal.code or "")
    passing = (
        refusal.status >= 500
        or refusal.status in _PASSING_STATUSES
        or refusal.type in _PASSING_TYPES
    )
    if text is None and passing:
        return AdminError(
            said,
            permanent=False,
            status=refusal.status,
            code=refusal.code,
            retry_after=retry_after,
            in_doubt=writing and refusal.status >= 500,
        )
    if text is None:
        status = _STATUS_OF_TYPE.get(refusal.type or "", refusal.status)
        text = _STATUSES.get(
            status, f"an unexpected answer {refusal.status}: check ANTHROPIC_BASE_URL"
        )
    return AdminError(f"{text} ({said})", permanent=True, status=refusal.status, code=refusal.code)
