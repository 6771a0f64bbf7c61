"""Without a gateway the bot tells and records, and claims nothing else."""

from pathlib import Path

import pytest

from tests.story.town import POLICY, at, town

NOTHING = {"ENFORCEMENT_WEBHOOK_URL": "", "ENFORCEMENT_WEBHOOK_SECRET": ""}


@pytest.mark.parametrize("grace", ["", "    grace: 2h\n"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nobody_reads_that_usage_is_cut(tmp_path: Path, database_url: str, grace: str) -> None:
    """Not in an alert, not at the limit, not in the status; and there is no grace to hold off."""
    policy = POLICY.replace("    at_limit: block\n", f"    at_limit: block\n{grace}")
    begins = at("2026-11-02 11:00")
    with town(tmp_path, database_url, "http", begins, policy, **NOTHING) as acme:
        acme.turn()
        acme.spends("81")
        acme.turn()
        acme.spends("22")
        acme.turn()
        early, late = (text for text in acme.said_to("dana") if "Search ranking" in text)
        status = acme.person("tom").types("/budget status search").text

        assert "At the limit nothing is cut, because no gateway is connected." in early
        assert "Nothing is cut, because no gateway is connected." in late
        assert "at the limit nothing is cut, because no gateway is connected" in status
        for text in (early, late, status):
            assert "blocked" not in text
        buttons = [action for action, *_ in acme.last_dm("dana").buttons()]
        assert "limit:hold" not in buttons
