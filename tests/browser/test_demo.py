"""The demo in a browser: everything a beginner does, by clicking."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 15_000  # milliseconds, for what takes the bot a moment
pytestmark = pytest.mark.xdist_group("browser")


@dataclass
class Demo:
    """The demo in a process of its own, as a person starts it."""

    process: subprocess.Popen[str]
    url: str

    def stop(self, with_signal: signal.Signals = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        return self.process.wait(30)


@contextmanager
def start_demo() -> Iterator[Demo]:
    """Started on a free port, once its address is printed; ended however the test ends."""
    command = [sys.executable, "-m", "bot", "demo", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        if found is None:
            process.kill()
            pytest.fail(f"no address in {line!r}: {process.communicate()[1]}")
        demo = Demo(process, found[0])
        try:
            yield demo
        finally:
            demo.stop()


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """One demo for the module: the tests take turns, each as it finds the world."""
    with start_demo() as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium; without it the tests fail and say what to install."""
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing: apt-get install chromium fonts-noto-color-emoji")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, demo: Demo) -> Iterator[Page]:
    """Whatever goes wrong in the page's scripts fails the test."""
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    opened.set_default_timeout(PATIENCE)
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    opened.goto(demo.url)
    pause(opened)
    yield opened
    opened.close()

    assert [] == faults


def pause(page: Page) -> None:
    """Time stands still, so that nothing happens but what the test does."""
    expect(page.get_by_test_id("clock-state")).not_to_have_text("…")
    if page.get_by_test_id("clock-state").inner_text() != "paused":
        page.get_by_test_id("run-pause").click()
    expect(page.get_by_test_id("clock-state")).to_have_text("paused")


def be(page: Page, person: str, conversation: str = "dm") -> Locator:
    """Switch to a person and one of their conversations; its messages."""
    page.get_by_test_id(f"person-{person}").click()
    page.get_by_test_id(f"conversation-{conversation}").click()
    return page.get_by_test_id("messages")


def say(page: Page, text: str) -> None:
    """Write it into the open conversation."""
    page.get_by_test_id("composer-input").fill(text)
    page.get_by_test_id("composer-send").click()


def move(page: Page, jump: str) -> None:
    """Press a button of the clock and wait until it has arrived."""
    before = page.get_by_test_id("clock").inner_text()
    page.get_by_test_id(f"move-{jump}").click()
    expect(page.get_by_test_id("clock")).not_to_have_text(before)
    expect(page.get_by_test_id("clock-state")).to_have_text("paused", timeout=6 * PATIENCE)


def test_an_exception_from_the_first_alert_to_its_end(page: Page) -> None:
    """Spending brings an alert, a request, an approval, a raised limit, and the limit comes back."""
    held = page.get_by_test_id("budget-search-limit")
    version = page.get_by_test_id("budget-search-version")
    messages = be(page, "dana")
    expect(held).to_have_text("$100.00")
    for _ in range(8):
        page.get_by_test_id("spend-search").click()
    expect(messages).to_contain_text("Search ranking has spent", timeout=PATIENCE)

    page.get_by_test_id("press-alert:request").last.click()
    page.get_by_test_id("field-amount").fill("abc")
    page.get_by_test_id("field-reason").fill("A *bold* <b>test</b> of the ranking")
    expect(page.get_by_test_id("modal")).to_contain_text("“abc” is not an amount")
    expect(page.get_by_test_id("field-reason")).to_have_value("A *bold* <b>test</b> of the ranking")
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("error-amount")).to_contain_text("abc")
    expect(page.get_by_test_id("field-amount")).to_be_focused()
    expect(page.get_by_test_id("field-reason")).to_have_value("A *bold* <b>test</b> of the ranking")
    page.get_by_test_id("field-amount").fill("30")
    page.get_by_test_id("field-ends_at").fill("2026-11-02")
    expect(page.get_by_test_id("modal")).to_contain_text("The limit would be")
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("modal")).to_have_count(0)

    messages = be(page, "fin")
    expect(messages).to_contain_text("A *bold* <b>test</b> of the ranking", timeout=PATIENCE)
    page.get_by_test_id("press-request:approve").click()
    page.get_by_test_id("confirm-no").click()
    expect(held).to_have_text("$100.00")
    page.get_by_test_id("press-request:approve").click()
    page.get_by_test_id("confirm-yes").click()
    expect(held).to_have_text("$130.00", timeout=PATIENCE)
    expect(version).to_have_text("v2")
    expect(page.get_by_test_id("budget-search-until")).to_contain_text("Tue 3 Nov")
    expect(messages).to_contain_text("Limit lifted to $130 ✓", timeout=PATIENCE)
    expect(page.get_by_test_id("press-request:approve")).to_have_count(0)

    move(page, "day")
    expect(held).to_have_text("$100.00")
    expect(page.get_by_test_id("budget-search-until")).to_have_text("")
    expect(messages).to_contain_text("the limit is back ✓")


def test_a_request_is_decided_on_the_home_tab(page: Page) -> None:
    """Each person has their own, it is opened by looking at it, and it follows while time stands still."""
    be(page, "tom")
    say(page, "/budget request growth 5 two more experiments")
    home = page.get_by_test_id("home")
    page.get_by_test_id("conversation-home").click()
    expect(home).to_contain_text("Your open requests", timeout=PATIENCE)
    page.get_by_test_id("person-lee").click()
    expect(home).to_contain_text("Waiting for your decision", timeout=PATIENCE)
    expect(home).to_contain_text("two more experiments")
    expect(home).to_contain_text("Support bot")

    page.get_by_test_id("press-request:approve").click()
    page.get_by_test_id("confirm-yes").click()
    expect(home).not_to_contain_text("Waiting for your decision", timeout=PATIENCE)
    expect(home).to_contain_text("Limit lifted to $305 ✓", timeout=PATIENCE)
    page.get_by_test_id("person-tom").click()
    expect(home).to_contain_text("Limit lifted to $305 ✓", timeout=PATIENCE)
    expect(home).not_to_contain_text("Your open requests")


def test_a_command_is_answered_only_to_whoever_typed_it(page: Page) -> None:
    """`/budget status` in a channel gives an ephemeral answer that nobody else in it sees."""
    be(page, "tom", "team-search")
    say(page, "/budget status search")
    answer = page.get_by_test_id("message-ephemeral")
    expect(answer).to_contain_text("Only visible to you")
    expect(answer).to_contain_text("Search ranking")

    be(page, "lee", "team-search")
    expect(answer).to_have_count(0)


def test_what_people_write_stays_text(page: Page) -> None:
    """Markup in a message is shown as it was typed, and a known mention becomes a name."""
    messages = be(page, "tom", "team-search")
    say(page, "<img src=x onerror=alert(1)> *done* by <@U0DANA>")
    said = messages.get_by_test_id("message").last
    expect(said).to_contain_text("<img src=x onerror=alert(1)>")
    expect(said.locator("img")).to_have_count(0)
    expect(said.locator("strong")).to_have_text("done")


def test_the_gateway_refuses_at_the_limit(page: Page) -> None:
    """Once a budget that blocks is spent, its requests are refused and counted, and the mode says so."""
    refused = page.get_by_test_id("budget-search-refused")
    for _ in range(11):
        page.get_by_test_id("spend-search").click()
    expect(refused).not_to_have_text("0 refused", timeout=PATIENCE)
    expect(page.get_by_test_id("budget-search-mode")).to_have_text("block", timeout=PATIENCE)


def test_a_modal_works_by_keyboard(page: Page) -> None:
    """Enter sends the command, the first field has the focus, and Escape closes the modal."""
    be(page, "dana")
    page.get_by_test_id("composer-input").fill("/budget request")
    page.get_by_test_id("composer-input").press("Enter")
    expect(page.get_by_test_id("field-amount")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("modal")).to_have_count(0)


def test_monday_brings_the_digest(page: Page) -> None:
    """Moved to the next Monday at nine, the digest of the week stands in its channel."""
    move(page, "monday")
    messages = be(page, "fin", "ai-budgets")
    expect(messages).to_contain_text("2 Nov – 9 Nov", timeout=PATIENCE)


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_ends_cleanly(with_signal: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end the demo with exit code 0, and nothing is complained about."""
    with start_demo() as started:
        assert 0 == started.stop(with_signal)

        assert started.process.stderr is not None
        assert "" == started.process.stderr.read()


def test_a_taken_port_is_told_in_one_line(demo: Demo) -> None:
    """A port that is in use is refused with the remedy, and exit code 2."""
    port = demo.url.rstrip("/").rpartition(":")[2]
    command = [sys.executable, "-m", "bot", "demo", "--port", port]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert 2 == ended.returncode
    assert re.fullmatch(rf"--port {port}: .*; choose another, or 0 for a free one\n", ended.stderr)
