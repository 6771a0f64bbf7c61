"""A row of the Home tab: words, and at most one button beside them; a single block."""

from slackblocks import Block, Button, Markdown, SectionBlock

MOST = 3000  # characters that a section takes


def beside(text: str, block_id: str, accessory: Button | None) -> Block:
    """`accessory` costs no block of its own."""
    words = Markdown(text[:MOST], verbatim=True)
    return SectionBlock(words, block_id=block_id[:255], accessory=accessory)
