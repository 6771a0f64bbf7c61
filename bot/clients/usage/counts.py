"""Token counts, as both kinds of reports name them."""

from bot.clients.usage.answers import Usage
from bot.domain.usage import Tokens


def read_tokens(usage: Usage) -> Tokens:
    written = usage.cache_creation
    return Tokens(
        uncached_input=usage.uncached_input_tokens,
        cache_read=usage.cache_read_input_tokens,
        cache_creation_5m=written.ephemeral_5m_input_tokens,
        cache_creation_1h=written.ephemeral_1h_input_tokens,
        output=usage.output_tokens,
    )


def add_tokens(left: Tokens, right: Tokens) -> Tokens:
    return Tokens(
        uncached_input=left.uncached_input + right.uncached_input,
        cache_read=left.cache_read + right.cache_read,
        cache_creation_5m=left.cache_creation_5m + right.cache_creation_5m,
        cache_creation_1h=left.cache_creation_1h + right.cache_creation_1h,
        output=left.output + right.output,
    )
