"""The id of the default workspace, which the older reports leave out and the newer ones tell."""

from bot.clients.usage.answers import WorkspacePage
from bot.clients.usage.pages import walk_pages
from bot.clients.usage.patience import Patience
from bot.clients.usage.transport import Transport

_ASKED = (("include_archived", "true"), ("limit", "1000"))


def find_default_workspace(transport: Transport, patience: Patience) -> str | None:
    """
    What the list holds only when asked to include the default workspace.

    No field of a workspace says that it is the default one. None when the lists do not tell.
    """
    found: set[str] = set()
    for asked in ((*_ASKED, ("include_default", "true")), _ASKED):
        pages = walk_pages(transport, "workspaces", WorkspacePage, asked, patience)
        found ^= {item.id for page in pages for item in page.data}
    return found.pop() if len(found) == 1 else None
