"""The recipe for Claude Code says what the bridge does: its blocks are read, names and ports agree."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ruamel.yaml import YAML

from bot.clients.usage.push import read_rows
from bot.config.load import load_policy
from bot.domain.attribution import attribute
from bot.domain.usage import Directory
from tests.recipes.bridges import ROOT
from tests.recipes.exports import recorded
from tests.story.town import POLICY, at

PAGE = ROOT / "docs" / "recipes" / "claude-code-otel.md"
TEXT = PAGE.read_text()
BRIDGE = (ROOT / "examples" / "otel_bridge.py").read_text()


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def _variables(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines())


def _collector() -> Any:
    return YAML(typ="safe").load(_blocks("yaml")[0])


CLAUDE, OF_BRIDGE = (_variables(block) for block in _blocks("sh")[:2])


def test_the_collector_is_wired_to_both_sides() -> None:
    """It listens where Claude Code sends, exports JSON to where the bridge listens, never gives up."""
    collector = _collector()
    exporter = collector["exporters"]["otlp_http/budgets"]
    listens = collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    default = re.findall(r'"OTEL_BRIDGE_PORT", "(\d+)"', BRIDGE)

    assert listens == urlsplit(CLAUDE["OTEL_EXPORTER_OTLP_ENDPOINT"]).netloc
    assert default == [OF_BRIDGE["OTEL_BRIDGE_PORT"]] == [str(urlsplit(exporter["endpoint"]).port)]
    assert ("json", 0) == (exporter["encoding"], exporter["retry_on_failure"]["max_elapsed_time"])
    assert [exporter["sending_queue"]["storage"]] == collector["service"]["extensions"]


def test_the_collector_uses_what_it_declares() -> None:
    """Every part of its pipeline is there, and none is there for nothing."""
    collector = _collector()
    pipeline = collector["service"]["pipelines"]["logs"]

    assert {name: list(collector[name]) for name in pipeline} == pipeline
    assert list(collector["extensions"]) == collector["service"]["extensions"]


def test_the_collector_filters_by_what_claude_code_says() -> None:
    """The attributes of its conditions are in what the program sends, with these values."""
    conditions = _collector()["processors"]["filter/requests"]["logs"]["log_record"]
    named = [re.fullmatch(r'attributes\["(.+)"\] [!=]= "(.+)"', c) for c in conditions]
    records = recorded()["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    sent = {
        (attribute["key"], attribute["value"].get("stringValue"))
        for record in records
        for attribute in record["attributes"]
    }

    assert {match.groups() for match in named if match} <= sent
    assert all(named)


def test_the_bridge_reads_the_variables_and_attributes_that_the_page_names() -> None:
    """No variable is missing or invented, and what the table maps is what the bridge reads."""
    table = re.findall(r"^\| (`.+) \| .+ \|$", TEXT, re.MULTILINE)
    mapped = {name for cell in table for name in re.findall(r"`([^`]+)`", cell)}

    assert set(re.findall(r'environ(?:\.get\(|\[)"(\w+)"', BRIDGE)) == set(OF_BRIDGE)
    assert 17 == len(mapped)
    assert [] == [name for name in mapped if f'"{name}"' not in BRIDGE]


def test_the_rule_gets_the_team_of_claude_code(tmp_path: Path) -> None:
    """The policy with the page's budgets is sound, and usage of the team set in step 1 is theirs."""
    file = tmp_path / "budgets.yaml"
    file.write_text(POLICY.split("budgets:\n")[0] + _blocks("yaml")[1])
    team = CLAUDE["OTEL_RESOURCE_ATTRIBUTES"].removeprefix("team.id=")
    row = {"source": "s", "id": "1", "at": "2026-11-25T02:25:40Z", "cost_usd": "1", "team": team}
    rows = read_rows(json.dumps({"rows": [row]}).encode(), at("2026-11-25 09:00"))

    charges = attribute(rows, load_policy(file).policy.rules, Directory(), "nobody")
    assert ["search"] == [charge.budget for charge in charges]


def test_links_lead_somewhere() -> None:
    """Files that the page points to exist."""
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)

    assert [] == [target for target in targets if not (PAGE.parent / target).exists()]
