"""Where a message may go: channels by id or name, people by id, and who is refused."""

from bot.sandbox.slack.accounts import BOT_USER
from bot.sandbox.slack.channels import Channel
from bot.sandbox.slack.errors import ApiError
from bot.sandbox.slack.methods.method import Context


def openable(c: Context, user: str) -> Channel:
    """The DM with this person, or the refusal of `conversations.open`."""
    account = c.workspace.accounts.get(user)
    if account is None:
        raise ApiError("user_not_found")
    if account.kind == "deactivated":
        raise ApiError("user_disabled")
    if account.kind == "stranger":
        raise ApiError("user_not_visible")
    if account.kind == "bot":
        raise ApiError("cannot_dm_bot")
    return c.workspace.open_dm(user)


def visible(c: Context, channel_id: str) -> Channel:
    """A channel the bot can see, by id only."""
    channel = c.workspace.channels.get(channel_id)
    if channel is None or (channel.is_private and BOT_USER not in channel.members):
        raise ApiError("channel_not_found")
    return channel


def postable(c: Context, key: str) -> Channel:
    """Where `chat.postMessage` may write; a user id opens the DM."""
    if key.startswith("U") and key in c.workspace.accounts:
        try:
            channel = openable(c, key)
        except ApiError as error:
            word = "cannot_dm_bot" if error.code == "cannot_dm_bot" else "channel_not_found"
            raise ApiError(word) from error
    else:
        found = c.workspace.find_channel(key)
        if found is None:
            raise ApiError("channel_not_found")
        channel = found
    _check(c, channel)
    return channel


def _check(c: Context, channel: Channel) -> None:
    if channel.is_im:
        if not c.settings.messages_tab:
            raise ApiError("messages_tab_disabled")
        if not all(c.workspace.accounts[member].is_active for member in channel.members):
            raise ApiError("channel_not_found")
        return
    member = BOT_USER in channel.members
    if channel.is_private and not member:
        raise ApiError("channel_not_found")
    if channel.is_archived:
        raise ApiError("is_archived")
    public_write = c.settings.scopes is not None and c.settings.grants("chat:write.public")
    if not member and not public_write:
        raise ApiError("not_in_channel")
