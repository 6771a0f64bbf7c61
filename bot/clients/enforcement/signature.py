"""Standard Webhooks signatures: one for each secret, so that a secret can be rotated."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError


class Signer:
    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets:
            raise ValueError("a webhook needs a secret: set ENFORCEMENT_WEBHOOK_SECRET")
        try:
            self._webhooks = [Webhook(_decode(secret)) for secret in secrets]
        except (ValueError, EmptyWebhookSecretError):
            # without the cause: it quotes the secret
            raise ValueError(
                "ENFORCEMENT_WEBHOOK_SECRET must be `whsec_` and base64, or two of them with a "
                "space between"
            ) from None

    def headers(self, key: str, body: bytes, at: datetime) -> Mapping[str, str]:
        """The id stays the same on each retry, the time is that of this attempt."""
        text = body.decode()
        signatures = (webhook.sign(key, at, text) for webhook in self._webhooks)
        return {
            "webhook-id": key,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


def _decode(secret: str) -> bytes:
    """Strictly: the library skips characters that are not base64, and a typing error with them."""
    text = secret.strip().removeprefix("whsec_")
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
