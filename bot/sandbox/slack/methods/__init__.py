"""The table of Web API methods this Slack knows, with the scopes each needs."""

from bot.sandbox.slack.methods import apps, chat, conversations, files, users, views
from bot.sandbox.slack.methods.method import Method

READ_CHANNELS = ("channels:read", "groups:read", "im:read")
READ_HISTORY = ("channels:history", "groups:history", "im:history")

METHODS: dict[str, Method] = {
    "api.test": Method(lambda _c: {}),
    "auth.test": Method(apps.auth_test),
    "apps.connections.open": Method(apps.connections_open, ("connections:write",), app_token=True),
    "chat.postMessage": Method(chat.post_message, ("chat:write",)),
    "chat.update": Method(chat.update, ("chat:write",)),
    "chat.delete": Method(chat.delete, ("chat:write",)),
    "chat.postEphemeral": Method(chat.post_ephemeral, ("chat:write",)),
    "chat.getPermalink": Method(chat.get_permalink),
    "views.open": Method(views.open_),
    "views.push": Method(views.push),
    "views.update": Method(views.update),
    "views.publish": Method(views.publish),
    "conversations.open": Method(conversations.open_, ("im:write",)),
    "conversations.info": Method(conversations.info, READ_CHANNELS),
    "conversations.members": Method(conversations.members, READ_CHANNELS),
    "conversations.list": Method(conversations.list_, READ_CHANNELS),
    "conversations.history": Method(conversations.history, READ_HISTORY),
    "conversations.replies": Method(conversations.replies, READ_HISTORY),
    "users.info": Method(users.info, ("users:read",)),
    "users.list": Method(users.list_, ("users:read",)),
    "users.lookupByEmail": Method(users.lookup_by_email, ("users:read.email",)),
    "usergroups.list": Method(users.usergroup_list, ("usergroups:read",)),
    "usergroups.users.list": Method(users.usergroup_users, ("usergroups:read",)),
    "files.getUploadURLExternal": Method(files.get_upload_url, ("files:write",)),
    "files.completeUploadExternal": Method(files.complete_upload, ("files:write",)),
}
