"""The increase-request queue of Claude Enterprise, read and answered."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.clients.anthropic_admin import AdminError
from bot.clients.increase_requests import (
    AlreadyResolved,
    Approved,
    IncreaseRequest,
    IncreaseRequests,
    Summary,
)
from bot.domain.money import Micros, micros
from bot.sandbox.usage import UsageApi
from bot.sandbox.usage.increase_requests import IncreaseRequests as Queue

NOW = datetime(2026, 11, 22, 19, 4, tzinfo=UTC)


@pytest.fixture
def api() -> Iterator[UsageApi]:
    """An Enterprise organization with a few members."""
    with UsageApi(lambda: NOW) as api:
        api.administration.spend_limits.kind = "enterprise"
        for name in ("dana", "lee", "kim"):
            api.add_user(f"{name}@example.com")
        yield api


@pytest.fixture
def queue(api: UsageApi) -> Queue:
    """What the members press."""
    return api.administration.increase_requests


@pytest.fixture
def client(api: UsageApi) -> Iterator[IncreaseRequests]:
    """The client, with a scoped Enterprise key."""
    client = IncreaseRequests(api.url, api.spend_key)
    yield client
    client.close()


@pytest.fixture
def dana(api: UsageApi) -> str:
    """The id of a member."""
    return api.organization.find_user("dana@example.com")


def limit_of(api: UsageApi, user: str, period: str = "monthly") -> str | None:
    """The member's own limit in cents."""
    limit = api.administration.spend_limits.limits.get((("user", user), period))
    return None if limit is None else limit.amount


def test_pending(api: UsageApi, queue: Queue, client: IncreaseRequests, dana: str) -> None:
    """A pending request says who asks, since when, and what they have spent of what."""
    api.administration.spend_limits.spent[dana] = "43120.5"
    id_ = queue.ask(dana, NOW)
    (request,) = client.pending()

    assert (id_, "pending", "monthly", NOW) == (
        request.id,
        request.status,
        request.period,
        request.created_at,
    )
    assert ("Dana", "dana@example.com", False) == (
        request.requester.said(),
        request.requester.email,
        request.requester.deleted,
    )
    assert Summary(micros(500), micros("431.205"), "organization") == request.summary
    assert request == client.retrieve(id_)


def test_newest_first(api: UsageApi, queue: Queue, client: IncreaseRequests, dana: str) -> None:
    """Every page is read, the newest first; decided ones and those who left are not in it."""
    queue.most_on_a_page = 1
    users = list(api.organization.users)
    ids = [queue.ask(user, NOW + timedelta(hours=n)) for n, user in enumerate(users)]
    gone = queue.ask(api.add_user("gone@example.com"), NOW)
    api.delete_user("gone@example.com")
    client.deny(ids[0])

    assert [ids[2], ids[1]] == [request.id for request in client.pending()]
    assert gone not in {request.id for request in client.pending()}
    assert "denied" == client.retrieve(ids[0]).status
    assert dana == client.retrieve(ids[0]).requester.id


def test_no_limit(api: UsageApi, queue: Queue, client: IncreaseRequests, dana: str) -> None:
    """A member whom nothing caps has no limit, which is not a limit of 0."""
    api.administration.spend_limits.default = None
    queue.ask(dana, NOW)
    (request,) = client.pending()

    assert request.summary is not None
    assert request.summary.limit is None


def test_approve(api: UsageApi, queue: Queue, client: IncreaseRequests, dana: str) -> None:
    """An approval sets the member's own limit to the whole amount, and Anthropic writes to them."""
    id_ = queue.ask(dana, NOW)
    approved = client.approve(id_, micros("700.50"))

    assert isinstance(approved, Approved)
    assert ("approved", micros("700.50")) == (approved.request.status, approved.limit)
    assert ("70050", [dana]) == (limit_of(api, dana), queue.mails)
    assert approved.request.resolved_by is not None
    assert "the key apikey_01scoped" == approved.request.resolved_by.said()


def test_approve_quietly_for_another_period(
    api: UsageApi, queue: Queue, client: IncreaseRequests, dana: str
) -> None:
    """The period may be another than the one they hit, and the mail may be left to the bot."""
    id_ = queue.ask(dana, NOW)
    client.approve(id_, micros(20), period="daily", notify=False)

    assert ("2000", None, []) == (limit_of(api, dana, "daily"), limit_of(api, dana), queue.mails)


@pytest.mark.parametrize("amount", [-10_000, 1, 9_999, 10_001])
def test_no_whole_cents(client: IncreaseRequests, amount: int) -> None:
    """An amount is whole cents, and never less than nothing."""
    with pytest.raises(ValueError, match="not a whole number of cents"):
        client.approve("slir_01", Micros(amount))


def test_deny(api: UsageApi, queue: Queue, client: IncreaseRequests, dana: str) -> None:
    """A denial leaves the limit as it is, and a repeat is harmless."""
    id_ = queue.ask(dana, NOW)
    denied = client.deny(id_, notify=False)
    again = client.deny(id_)

    assert isinstance(denied, IncreaseRequest)
    assert ("denied", denied) == (denied.status, again)
    assert (None, []) == (limit_of(api, dana), queue.mails)


@pytest.mark.parametrize("status", ["approved", "denied"])
def test_somebody_was_first(
    api: UsageApi, queue: Queue, client: IncreaseRequests, dana: str, status: str
) -> None:
    """A decision made in claude.ai stands, and the answer says whose it was and when."""
    id_ = queue.ask(dana, NOW)
    lee = api.organization.find_user("lee@example.com")
    queue.resolve_elsewhere(id_, status, lee, NOW)
    approved = client.approve(id_, micros(700))

    assert isinstance(approved, AlreadyResolved)
    assert f"already {status} by Lee at 2026-11-22 19:04 UTC" == approved.said()
    assert limit_of(api, dana) is None

    if status == "approved":
        denied = client.deny(id_)
        assert isinstance(denied, AlreadyResolved)
        assert status == denied.request.status


def test_a_lost_answer(api: UsageApi, queue: Queue, client: IncreaseRequests, dana: str) -> None:
    """An approval whose answer is lost is in doubt, and the repeat finds what it did."""
    id_ = queue.ask(dana, NOW)
    api.faults.add("lose", "/approve")
    with pytest.raises(AdminError) as caught:
        client.approve(id_, micros(700))
    again = client.approve(id_, micros(700))

    assert (True, False) == (caught.value.in_doubt, caught.value.permanent)
    assert isinstance(again, AlreadyResolved)
    assert again.request.resolved_by is not None
    assert again.request.resolved_by.is_key
    assert "70000" == limit_of(api, dana)


def test_refused_while_pending(
    api: UsageApi, queue: Queue, client: IncreaseRequests, dana: str
) -> None:
    """A refusal that nobody's decision explains is told as it is."""
    id_ = queue.ask(dana, NOW)
    api.faults.add("error", "/deny", status=400, type="invalid_request_error", message="not now")
    with pytest.raises(AdminError, match="not now") as caught:
        client.deny(id_)

    assert caught.value.permanent


def test_unknown(client: IncreaseRequests) -> None:
    """A request that is not there is final; an id cannot lead anywhere else."""
    for id_ in ("slir_x", "../api_keys", "slir_x/approve"):
        with pytest.raises(AdminError) as caught:
            client.retrieve(id_)
        assert (True, 404) == (caught.value.permanent, caught.value.status)
    with pytest.raises(ValueError, match="has an id"):
        client.retrieve("")


def test_console(api: UsageApi, client: IncreaseRequests) -> None:
    """A Console organization has no such queue."""
    api.administration.spend_limits.kind = "console"
    with pytest.raises(AdminError, match="Claude Enterprise's") as caught:
        client.pending()

    assert (True, "organization_type_not_supported") == (caught.value.permanent, caught.value.code)


def test_scope(api: UsageApi) -> None:
    """A key without the scope is told which one it needs."""
    client = IncreaseRequests(api.url, api.analytics_key)
    with pytest.raises(AdminError, match="read:spend_limits and write:spend_limits"):
        client.pending()
    client.close()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing(api: UsageApi, client: IncreaseRequests, status: int) -> None:
    """Trouble that passes says when to try again."""
    api.faults.add("status", status=status, retry_after=3)
    with pytest.raises(AdminError) as caught:
        client.pending()

    assert (False, 3.0) == (caught.value.permanent, caught.value.retry_after)


def test_page_loop(api: UsageApi, client: IncreaseRequests) -> None:
    """Pages that go round in a circle end with an error, not never."""
    api.faults.add("loop", times=None)
    with pytest.raises(AdminError, match="the pages go round"):
        client.pending()


@pytest.mark.parametrize("body", ["<html>", "{}", '{"data": [{}]}'])
def test_not_an_answer(api: UsageApi, client: IncreaseRequests, body: str) -> None:
    """What is not the documented answer is an error, not an empty queue."""
    api.faults.add("malformed", body=body)
    with pytest.raises(AdminError, match="not what Anthropic answers"):
        client.pending()


def test_another_currency(api: UsageApi, queue: Queue, client: IncreaseRequests, dana: str) -> None:
    """Amounts in another currency are not taken for dollars."""
    id_ = queue.ask(dana, NOW)

    def edit(body: dict[str, object]) -> object:
        summary = body["spend_summary"]
        assert isinstance(summary, dict)
        return {**body, "spend_summary": {**summary, "currency": "EUR"}}

    api.faults.add("edit", edit=edit)
    with pytest.raises(AdminError, match="billed in EUR"):
        client.retrieve(id_)


def test_an_approval_whose_answer_was_lost_is_known_again(
    api: UsageApi, queue: Queue, client: IncreaseRequests, dana: str
) -> None:
    """A key has approved it, and the member's limit is the amount: that was us."""
    id_ = queue.ask(dana, NOW)
    api.faults.add("lose", "/approve")
    with pytest.raises(AdminError):
        client.approve(id_, micros(700))
    again = client.approve(id_, micros(700))

    assert isinstance(again, AlreadyResolved)
    assert client.carried_out(again.request, "approved", micros(700))
    assert not client.carried_out(again.request, "approved", micros(800))
    assert not client.carried_out(again.request, "denied", None)


def test_what_an_administrator_decided_was_not_us(
    queue: Queue, client: IncreaseRequests, dana: str
) -> None:
    """The same decision by a person is theirs, whatever the limit is."""
    id_ = queue.ask(dana, NOW)
    queue.resolve_elsewhere(id_, "denied", dana, NOW)

    assert not client.carried_out(client.retrieve(id_), "denied", None)


def test_the_check_counts(queue: Queue, client: IncreaseRequests, dana: str) -> None:
    """An operator sees that the key reads the queue."""
    queue.ask(dana, NOW)

    assert "Anthropic answers, 1 pending" == client.check()
