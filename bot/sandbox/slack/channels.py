"""Channels and direct messages, and what stands in them."""

from dataclasses import dataclass, field

from bot.sandbox.slack.messages import Json, Message


@dataclass(slots=True)
class Channel:
    """A channel `C…` or a direct message `D…`; `posts` holds the current state, oldest first."""

    id: str
    name: str
    members: list[str]
    is_private: bool = False
    is_archived: bool = False
    is_im: bool = False
    posts: list[Message] = field(default_factory=list)

    def messages(self) -> list[Message]:
        return list(self.posts)

    def find(self, ts: str) -> Message | None:
        return next((post for post in self.posts if post.ts == ts), None)

    def swap(self, old_ts: str, new: Message | None) -> None:
        """Put `new` in the place of a message, or take the message away."""
        index = next(i for i, post in enumerate(self.posts) if post.ts == old_ts)
        self.posts[index : index + 1] = [] if new is None else [new]

    def as_json(self, bot_user: str) -> Json:
        body: Json = {
            "id": self.id,
            "is_im": self.is_im,
            "is_channel": not self.is_im and not self.is_private,
            "is_group": self.is_private and not self.is_im,
            "is_private": self.is_private,
            "is_archived": self.is_archived,
            "is_member": bot_user in self.members,
        }
        if self.is_im:
            body["user"] = next(member for member in self.members if member != bot_user)
        else:
            body |= {"name": self.name, "num_members": len(self.members)}
        return body
