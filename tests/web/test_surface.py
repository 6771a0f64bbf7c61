"""Health, readiness and figures: what a monitor sees."""

from datetime import timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.web import WebServer, web_app
from tests.story.town import Town

Sample = tuple[str, tuple[tuple[str, str], ...]]


def figures(surface: httpx.Client) -> dict[Sample, float]:
    """Every sample of /metrics by name and labels, as Prometheus reads it."""
    answer = surface.get("/metrics")
    assert 200 == answer.status_code
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def of_budget(name: str, budget: str) -> Sample:
    """A figure that each budget has."""
    return (name, (("budget", budget),))


def test_before_the_first_tick_it_is_alive_and_not_ready(surface: httpx.Client) -> None:
    """No traffic should come in yet, and the answer says what is missing."""
    ready = surface.get("/readyz")

    assert (200, {"status": "ok"}) == (
        surface.get("/healthz").status_code,
        surface.get("/healthz").json(),
    )
    assert 503 == ready.status_code
    assert {
        "database": "ok",
        "migrations": "ok",
        "scheduler": "ok",
        "sources": "stale: no usage has been read yet",
    } == ready.json()


def test_before_the_first_tick_there_are_figures_already(surface: httpx.Client) -> None:
    """A scrape that comes early finds the limits of the policy file, and is no error."""
    found = figures(surface)

    assert 100 == found[of_budget("budget_bot_limit_usd", "search")]
    assert 0 == found[of_budget("budget_bot_spent_usd", "search")]


def test_after_a_tick_it_is_ready_and_shows_the_figures(acme: Town, surface: httpx.Client) -> None:
    """Spend and effective limit of each budget, waiting messages, age of the source."""
    acme.turn()
    acme.spends("81.50")
    acme.turn()
    ready, found = surface.get("/readyz"), figures(surface)

    assert (200, {"ok"}) == (ready.status_code, set(ready.json().values()))
    assert 81.5 == found[of_budget("budget_bot_spent_usd", "search")]
    assert 81.5 == found[of_budget("budget_bot_spent_usd", "platform")]
    assert 100 == found[of_budget("budget_bot_limit_usd", "search")]
    assert 0 == found[of_budget("budget_bot_spent_usd", "unattributed")]
    assert of_budget("budget_bot_limit_usd", "unattributed") not in found
    assert 0 == found["budget_bot_source_blind", (("source", "anthropic"),)]
    assert 0 <= found["budget_bot_source_age_seconds", (("source", "anthropic"),)] < 3_600
    assert [] == [name for name in found if name[0] == "budget_bot_outbox_entries"]


def test_a_raise_moves_the_limit_that_is_shown(acme: Town, surface: httpx.Client) -> None:
    """The figure is the effective limit, as everywhere."""
    acme.turn()
    acme.person("tom").types("/budget request search 20 launch week")
    acme.settles()
    acme.person("fin").presses("request:approve", acme.last_dm("fin"))
    acme.slack.wait_until(lambda: acme.limit_at_gateway() == 120)

    assert 120 == figures(surface)[of_budget("budget_bot_limit_usd", "search")]


def test_a_source_that_is_down_makes_it_not_ready(acme: Town, surface: httpx.Client) -> None:
    """Blind is not ready, with the reason; when it is over it is ready again."""
    acme.turn()
    acme.usage.faults.add("error", times=None, status=401, type="authentication_error")
    acme.turn()
    ready, found = surface.get("/readyz"), figures(surface)

    assert 503 == ready.status_code
    assert ready.json()["sources"].startswith("stale: ")
    assert 1 == found["budget_bot_source_blind", (("source", "anthropic"),)]
    acme.usage.faults.clear()
    acme.turn()
    assert 200 == surface.get("/readyz").status_code


def test_a_scheduler_that_does_not_run_is_told(acme: Town) -> None:
    """A bot that answers and does not poll is not ready."""
    web = WebServer(web_app(acme.bot.bot, None, None, lambda: False), "127.0.0.1", 0)
    web.start()
    ready = httpx.get(f"http://127.0.0.1:{web.port}/readyz", trust_env=False)
    web.stop()

    assert (503, "does not run") == (ready.status_code, ready.json()["scheduler"])


def test_a_poll_that_stopped_is_told(acme: Town, surface: httpx.Client) -> None:
    """An hour without a poll is no longer ready, whatever the scheduler says."""
    acme.turn()
    acme.clock.ahead(timedelta(hours=2))
    ready = surface.get("/readyz")
    acme.turn()

    assert 503 == ready.status_code
    assert ready.json()["scheduler"].startswith("no poll since ")
    assert 200 == surface.get("/readyz").status_code


def test_in_socket_mode_nothing_of_slack_comes_in(surface: httpx.Client) -> None:
    """There is no address to send to."""
    assert 404 == surface.post("/slack/events", content=b"ssl_check=1").status_code


def test_a_taken_port_is_told(acme: Town) -> None:
    """At the start, and not by a thread that died."""
    web = WebServer(web_app(acme.bot.bot, None, None, lambda: True), "127.0.0.1", acme.port)

    with pytest.raises(OSError, match="cannot listen on"):
        web.start()
