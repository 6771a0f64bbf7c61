"""files.*: the upload in three steps that slack_sdk's `files_upload_v2` makes."""

from bot.sandbox.slack.errors import ApiError, invalid_arguments
from bot.sandbox.slack.messages import Json, Message
from bot.sandbox.slack.methods.method import Context
from bot.sandbox.slack.methods.targets import postable


def get_upload_url(c: Context) -> Json:
    name = c.arguments.required("filename")
    length = c.arguments.whole("length", 0)
    if length <= 0:
        raise invalid_arguments(["[ERROR] must be more than 0: length"])
    file_id = c.workspace.new_id("F")
    c.workspace.uploads[file_id] = {"id": file_id, "name": name, "size": length, "received": None}
    return {"upload_url": f"{c.workspace.base_url}/upload/{file_id}", "file_id": file_id}


def complete_upload(c: Context) -> Json:
    entries = c.arguments.parsed("files", "invalid_arguments") or []
    files = []
    for entry in entries:
        upload = c.workspace.uploads.get(entry.get("id", ""))
        if upload is None or upload["received"] is None:
            raise ApiError("file_not_found")
        title = entry.get("title") or upload["name"]
        files.append({"id": upload["id"], "name": upload["name"], "title": title})
    target = c.arguments.text("channel_id")
    if target:
        channel = postable(c, target)
        text = c.arguments.text("initial_comment")
        c.workspace.post(
            Message(channel=channel.id, ts=c.workspace.new_ts(), text=text, files=files)
        )
    return {"files": files}
