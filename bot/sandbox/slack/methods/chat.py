"""chat.*: posting, updating and deleting messages."""

from dataclasses import replace

from bot.sandbox.slack.accounts import BOT_USER, TEAM_DOMAIN
from bot.sandbox.slack.errors import ApiError
from bot.sandbox.slack.messages import Json, Message
from bot.sandbox.slack.methods.content import blocks_of, check_text, metadata_of
from bot.sandbox.slack.methods.method import Context
from bot.sandbox.slack.methods.targets import postable, visible

LONGEST_UPDATE = 4_000


def post_message(c: Context) -> Json:
    channel = postable(c, c.arguments.text("channel"))
    blocks = blocks_of(c)
    text = check_text(c, blocks)
    thread = c.arguments.text("thread_ts") or None
    if thread is not None and channel.find(thread) is None:
        raise ApiError("thread_not_found")
    message = c.workspace.post(
        Message(
            channel=channel.id,
            ts=c.workspace.new_ts(),
            text=text,
            blocks=blocks or [],
            metadata=metadata_of(c),
            thread_ts=thread,
        )
    )
    return {"channel": channel.id, "ts": message.ts, "message": message.as_json(True)}


def _own(c: Context, refusal: str) -> Message:
    """The bot's own message that `channel` and `ts` name; a user id is no channel here."""
    channel = visible(c, c.arguments.text("channel"))
    message = channel.find(c.arguments.required("ts"))
    if message is None:
        raise ApiError("message_not_found")
    if message.user != BOT_USER:
        raise ApiError(refusal)
    if channel.is_archived:
        raise ApiError("is_inactive")
    return message


def update(c: Context) -> Json:
    """Text without blocks removes the blocks; metadata stays unless replaced, `{}` clears it."""
    old = _own(c, "cant_update_message")
    blocks = blocks_of(c)
    text = check_text(c, blocks)
    if len(text) > LONGEST_UPDATE:
        raise ApiError("msg_too_long")
    metadata = metadata_of(c) if c.arguments.has("metadata") else old.metadata
    new = replace(old, text=text, blocks=blocks or [], metadata=metadata, edited=True)
    written = c.workspace.rewrite(old, new)
    shown = (written or new).as_json(True)
    return {"channel": old.channel, "ts": old.ts, "text": text, "message": shown}


def delete(c: Context) -> Json:
    old = _own(c, "cant_delete_message")
    c.workspace.rewrite(old, None)
    return {"channel": old.channel, "ts": old.ts}


def post_ephemeral(c: Context) -> Json:
    """Only somebody active who is in the channel can see it."""
    channel = postable(c, c.arguments.text("channel"))
    user = c.arguments.required("user")
    account = c.workspace.accounts.get(user)
    if account is None or not account.is_active or user not in channel.members:
        raise ApiError("user_not_in_channel")
    blocks = blocks_of(c)
    text = check_text(c, blocks)
    message = c.workspace.post(
        Message(
            channel=channel.id,
            ts=c.workspace.new_ts(),
            text=text,
            blocks=blocks or [],
            ephemeral=True,
            to=user,
        )
    )
    return {"message_ts": message.ts}


def get_permalink(c: Context) -> Json:
    channel = visible(c, c.arguments.text("channel"))
    ts = c.arguments.required("message_ts")
    if channel.find(ts) is None:
        raise ApiError("message_not_found")
    link = f"https://{TEAM_DOMAIN}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}
