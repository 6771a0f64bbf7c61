"""A month in the life of a budget, told as it happens."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.story.town import Town, at, town


@pytest.fixture(params=["socket", "http"])
def acme(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> Iterator[Town]:
    """Acme at the beginning of November, in both of Slack's modes and on both databases."""
    with town(tmp_path, database_url, request.param, at("2026-11-02 08:00")) as place:
        yield place


def test_a_month_in_the_life_of_a_budget(acme: Town) -> None:
    """From the first dollar over the alerts, the request and the raise, back to the allocation."""
    dana, fin = acme.person("dana"), acme.person("fin")

    # Mon 08:00: the bot starts, and the gateway learns what is allowed.
    acme.turn()
    assert Decimal(100) == acme.limit_at_gateway("search")
    assert [] == acme.said_to("dana")

    # Mon 09:00: some spend, nothing to say but the digest.
    acme.clock.to(at("2026-11-02 09:00"))
    acme.spends("20")
    acme.goes_to("2026-11-02 09:05")
    assert [] == acme.said_to("dana")
    assert 1 == len(acme.said_in("#ai-budgets"))

    # Mon 11:00: a jump from 20 % to 81 % is one DM, with the worst stage.
    acme.clock.to(at("2026-11-02 11:00"))
    acme.spends("61.50")
    acme.goes_to("2026-11-02 11:05")
    (alert,) = dana.dms()
    assert alert.text.startswith("respond: Search ranking has spent $81.50 of $100 (81 %)")

    # The same tick again changes nothing.
    acme.turn()
    assert 1 == len(dana.dms())

    # Dana says she is on it, and adds a word.
    dana.presses("alert:ack", alert)
    acme.slack.wait_until(lambda: dana.view() is not None)
    dana.fills({"note": "switching the reranker to Haiku"})
    assert not dana.submits().errors
    acme.settles()
    assert "Dana" in acme.slack.person("dana@example.com").name
    assert "is on it" in dana.dms()[0].text
    assert "switching the reranker to Haiku" in dana.dms()[0].text

    # Tue 10:00: it was not enough. Intervene; she asks for more.
    acme.clock.to(at("2026-11-03 10:00"))
    acme.spends("15")
    acme.goes_to("2026-11-03 10:05")
    alert = acme.last_dm("dana")
    assert alert.text.startswith("intervene: Search ranking has spent $96.50 of $100 (96 %)")
    dana.presses("alert:request", alert)
    acme.slack.wait_until(lambda: dana.view() is not None)

    # First an amount that is none, then more than the policy allows, then a good one.
    dana.fills({"amount": "abc", "reason": "launch week", "ends_at": "2026-11-05"})
    assert {"amount"} == set(dana.submits().errors or {})
    dana.fills({"amount": "80"})
    errors = dana.submits().errors or {}
    assert "at most $50 more" in errors["amount"]
    dana.fills({"amount": "50"})
    assert not dana.submits().errors
    acme.settles()

    # Asking is an answer, too: the alert says so.
    assert "asked for more" in dana.dms()[1].text

    # Finance has the card in the channel and in the DM; the owner alone could not decide.
    (card,) = acme.slack.channel("#ai-approvals").messages()
    assert "asks for $50 more for Search ranking" in card.text
    assert "launch week" in card.text
    assert card.text == acme.last_dm("fin").text
    refused = dana.presses("request:approve", card)
    acme.slack.wait_until(lambda: any("own request" in m.text for m in dana.ephemerals()))
    assert not refused.timed_out

    # Fin approves; the gateway holds $150 and only then anybody says "lifted".
    acme.clock.to(at("2026-11-03 14:02"))
    fin.presses("request:approve", acme.last_dm("fin"))
    acme.slack.wait_until(lambda: acme.limit_at_gateway() == Decimal(150))
    acme.settles()
    assert "Limit lifted to $150 ✓ 14:02" in acme.slack.channel("#ai-approvals").messages()[0].text
    assert "Limit lifted to $150 ✓ 14:02" in acme.last_dm("fin").text
    assert ["exception:end"] == [action for action, *_ in acme.last_dm("fin").buttons()]
    assert any("Limit lifted to $150 ✓ 14:02" in text for text in acme.said_to("dana"))

    # A late click is answered with who decided.
    fin.presses("request:approve", card)
    acme.slack.wait_until(lambda: any("was approved already" in m.text for m in fin.ephemerals()))

    # The raise arms the stages again.
    acme.goes_to("2026-11-03 14:10")
    assert acme.last_dm("dana").text.startswith("look: Search ranking has spent $96.50 of $150")

    # Anybody can ask where it stands.
    tom = acme.person("tom")
    answer = tom.types("/budget status search")
    assert "$96.50 of $150 (64 %)" in answer.text

    # Wed 12:00: the bot is restarted in the middle of the raise.
    acme.restart_bot()
    acme.goes_to("2026-11-04 12:00")
    assert Decimal(150) == acme.limit_at_gateway()

    # Fri 00:00: the term is over; the limit is back, and it is said.
    acme.goes_to("2026-11-06 00:01")
    assert Decimal(100) == acme.limit_at_gateway()
    assert any("the limit is back ✓ 00:01" in text for text in acme.said_to("dana"))
    assert "the limit is back ✓" in acme.slack.channel("#ai-approvals").messages()[0].text

    # Mon 09:00: the digest tells the week.
    acme.goes_to("2026-11-09 09:00")
    digest = acme.said_in("#ai-budgets")[-1]
    assert "#1 Search ranking $50: approved by" in digest
    assert "Unattributed: $0 of $96.50" in digest
