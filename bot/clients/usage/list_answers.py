"""The API's lists of people and service accounts, with only the fields that are used."""

from bot.clients.usage.answers import Answer, ListPage, ReportPage


class UserItem(Answer):
    """Name and address are documented as always there; a null is not worth a failed read."""

    id: str
    name: str | None = None
    email: str | None = None


class UserPage(ListPage):
    data: list[UserItem]


class ServiceAccountItem(Answer):
    id: str
    name: str


class ServiceAccountPage(ReportPage):
    """Paged by `next_page`, without `has_more`."""

    data: list[ServiceAccountItem]
