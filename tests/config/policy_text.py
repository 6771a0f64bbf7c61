"""A small policy file that is in order, and changes to it."""

from pathlib import Path

from bot.config.load import Loaded, load_policy
from bot.domain.errors import ConfigError

GOOD = """\
organization:
  name: Acme
  timezone: America/New_York
  channels: {digest: "#ai-budgets", approvals: "#ai-approvals", operators: "#ai-ops"}
approvers:
  finance: {people: [fin@example.com]}
  leads: {usergroup: S0604QSJC}
unattributed: {owner: finops@example.com}
budgets:
  - id: platform
    owner: pat@example.com
    limit: 40000
  - id: search
    owner: dana@example.com
    parent: platform
    limit: 12000
    match:
      - {workspace: team-search}
  - id: shared
    split: {search: 60%, platform: 40%}
    match: [{api_key: gateway-prod}]
"""


def changed(*changes: tuple[str, str]) -> str:
    """The good file with parts replaced; each part must be there exactly once."""
    text = GOOD
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def load(text: str | bytes, folder: Path) -> Loaded:
    """Loads a text as the file in a folder."""
    path = folder / "budgets.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_policy(path)


def error_lines(text: str | bytes, folder: Path) -> list[str]:
    """What is wrong with it, without the folder; an empty list when nothing is."""
    try:
        load(text, folder)
    except ConfigError as error:
        return [line.removeprefix(f"{folder}/budgets.yaml:") for line in error.lines]
    return []
