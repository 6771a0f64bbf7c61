"""conversations.*: opening DMs, reading channels and their history."""

from bot.sandbox.slack.accounts import BOT_USER
from bot.sandbox.slack.channels import Channel
from bot.sandbox.slack.errors import ApiError
from bot.sandbox.slack.messages import Json, Message
from bot.sandbox.slack.methods.method import Context
from bot.sandbox.slack.methods.paging import page
from bot.sandbox.slack.methods.targets import openable, visible


def open_(c: Context) -> Json:
    if c.arguments.has("channel"):
        return {"channel": visible(c, c.arguments.text("channel")).as_json(BOT_USER)}
    users = c.arguments.required("users").split(",")
    if len(users) > 1:
        raise ApiError("not_enough_users")  # group DMs are not part of this sandbox
    known = c.workspace.dm(users[0]) is not None
    channel = openable(c, users[0])
    shown = channel.as_json(BOT_USER) if c.arguments.flag("return_im") else {"id": channel.id}
    return {"channel": shown, "already_open": known, "no_op": known}


def info(c: Context) -> Json:
    return {"channel": visible(c, c.arguments.text("channel")).as_json(BOT_USER)}


def members(c: Context) -> Json:
    return page(c, "members", list(visible(c, c.arguments.text("channel")).members))


def list_(c: Context) -> Json:
    wanted = set(c.arguments.text("types", "public_channel").split(","))
    hide_archived = c.arguments.flag("exclude_archived")
    shown = [
        channel.as_json(BOT_USER)
        for channel in c.workspace.channels.values()
        if _kind(channel) in wanted
        and not (hide_archived and channel.is_archived)
        and not (channel.is_private and BOT_USER not in channel.members)
    ]
    return page(c, "channels", shown)


def _kind(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


def history(c: Context) -> Json:
    """Newest first, without the replies in threads; metadata only with `include_all_metadata`."""
    posts = [m for m in _readable(c).posts if m.thread_ts in {None, m.ts}]
    return _shown(c, list(reversed(_between(c, posts))))


def replies(c: Context) -> Json:
    channel = _readable(c)
    ts = c.arguments.required("ts")
    if channel.find(ts) is None:
        raise ApiError("thread_not_found")
    return _shown(c, _between(c, [m for m in channel.posts if ts in {m.ts, m.thread_ts}]))


def _readable(c: Context) -> Channel:
    channel = visible(c, c.arguments.text("channel"))
    if BOT_USER not in channel.members:
        raise ApiError("not_in_channel")
    return channel


def _between(c: Context, posts: list[Message]) -> list[Message]:
    """Bounds are outside unless `inclusive`; ts strings of one length compare as numbers do."""
    oldest, latest = c.arguments.text("oldest"), c.arguments.text("latest")
    edge = c.arguments.flag("inclusive")

    def inside(ts: str) -> bool:
        moment = float(ts)
        if oldest and (moment < float(oldest) or (ts == oldest and not edge)):
            return False
        return not (latest and (moment > float(latest) or (ts == latest and not edge)))

    return [message for message in posts if inside(message.ts)]


def _shown(c: Context, posts: list[Message]) -> Json:
    with_metadata = c.arguments.flag("include_all_metadata")
    body = page(c, "messages", [message.as_json(with_metadata) for message in posts])
    body["has_more"] = bool(body["response_metadata"]["next_cursor"])
    return body
