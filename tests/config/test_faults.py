"""A bad policy file: every fault names its line, its field, and what to do."""

from pathlib import Path

import pytest

from bot.config.load import load_policy
from bot.domain.errors import ConfigError
from tests.config.policy_text import GOOD, changed, error_lines, load

LIMIT = "    limit: 12000\n"
SPLIT = "{search: 60%, platform: 40%}"
UNATTRIBUTED = "unattributed: {owner: finops@example.com}\n"


def defaults(text: str) -> tuple[str, str]:
    """The change that adds defaults, on line 9."""
    return UNATTRIBUTED, f"{UNATTRIBUTED}defaults: {text}\n"


def routes(text: str) -> tuple[str, str]:
    """The change that adds routes, on line 9."""
    return defaults(f"{{overage: {{routes: [{text}]}}}}")


FIELDS: dict[str, tuple[tuple[str, str], list[str]]] = {
    "limit of nothing": (
        (LIMIT, "    limit: 0\n"),
        ["16: budgets[1].limit: must be more than 0"],
    ),
    "a time zone by its letters": (
        ("  timezone: America/New_York\n", "  timezone: CEST\n"),
        ["3: organization.timezone: must be a time zone, like Europe/Berlin"],
    ),
    "no limit": (
        (LIMIT, ""),
        ["13: budgets[1].limit: is missing: dollars per period, like 12000"],
    ),
    "misspelt": (
        ("    owner: dana@", "    onwer: dana@"),
        [
            "13: budgets[1].owner: is missing: "
            "e-mail address or Slack user id of who answers for it",
            "14: budgets[1]: unknown field 'onwer'; did you mean 'owner'?",
        ],
    ),
    "unknown, like nothing": (
        (LIMIT, f"{LIMIT}    zzz: 1\n"),
        ["17: budgets[1]: unknown field 'zzz'"],
    ),
    "time_zone": (
        (LIMIT, f"{LIMIT}    time_zone: UTC\n"),
        ["17: budgets[1]: unknown field 'time_zone'; did you mean 'timezone'?"],
    ),
    "unknown in a group": (
        ("{usergroup: S", "{usergruop: S"),
        ["7: approvers.leads: unknown field 'usergruop'; did you mean 'usergroup'?"],
    ),
    "a number where text belongs": (
        ("name: Acme", "name: 2026"),
        ["2: organization.name: must be text; put it into quotes"],
    ),
    "a word not among the known": (
        (LIMIT, f"{LIMIT}    at_limit: blok\n"),
        ["17: budgets[1].at_limit: must be notify, throttle or block; did you mean 'block'?"],
    ),
    "a source not known": (
        (UNATTRIBUTED, f"{UNATTRIBUTED}sources: [{{kind: gateway}}]\n"),
        [
            "9: sources[0].kind: unknown source 'gateway'; "
            "known: anthropic, usage_report, litellm, mlflow, claude_code"
        ],
    ),
    "a workspace of a source of dollars": (
        (UNATTRIBUTED, f"{UNATTRIBUTED}sources: [{{kind: anthropic, workspace: team-search}}]\n"),
        [
            "9: sources[0]: only kind claude_code takes a workspace; "
            "remove it, and name workspaces in the match of a budget"
        ],
    ),
    "an age of what has no figures": (
        (
            UNATTRIBUTED,
            f"{UNATTRIBUTED}sources: [{{kind: anthropic}}, "
            "{kind: claude_code, every: 1h, stale_after: 6h}]\n",
        ),
        ["9: sources[1]: kind claude_code reports no dollars; remove stale_after"],
    ),
    "people without dollars": (
        (UNATTRIBUTED, f"{UNATTRIBUTED}sources: [{{kind: claude_code}}]\n"),
        [
            "9: sources: claude_code only says who used what; "
            "add a source of dollars, like {kind: anthropic}"
        ],
    ),
    "a share above the limit": (
        (LIMIT, f"{LIMIT}    thresholds:\n      respond: 120%\n"),
        ["18: budgets[1].thresholds.respond: must be a whole per cent from 1% to 99%"],
    ),
    "a share above the limit, in a group": (
        (LIMIT, f"{LIMIT}    thresholds:\n      respond:\n        share: 120%\n"),
        ["19: budgets[1].thresholds.respond.share: must be a whole per cent from 1% to 99%"],
    ),
    "a time in place of a share": (
        defaults("{thresholds: {respond: 5 working days}}"),
        [
            "9: defaults.thresholds.respond: must be a share of the limit, like 80%; "
            "for a time write respond: {lead_times: 2}"
        ],
    ),
    "lead times as a duration": (
        (LIMIT, f"{LIMIT}    thresholds:\n      respond:\n        lead_times: 5d\n"),
        [
            "19: budgets[1].thresholds.respond.lead_times: must be a whole number from 1 to 10, or off"
        ],
    ),
    "no forecast": (
        defaults("{thresholds: {look: {forecast: never}}}"),
        ["9: defaults.thresholds.look.forecast: must be a whole per cent from 1% to 1000%, or off"],
    ),
    "lead times misspelt": (
        defaults("{thresholds: {intervene: {lead_time: 1}}}"),
        ["9: defaults.thresholds.intervene: unknown field 'lead_time'; did you mean 'lead_times'?"],
    ),
    "lead times for a look": (
        defaults("{thresholds: {look: {lead_times: 3}}}"),
        ["9: defaults.thresholds.look: unknown field 'lead_times'; there are share, forecast"],
    ),
    "a stage that is none": (
        defaults("{thresholds: {responds: 80%}}"),
        ["9: defaults.thresholds: unknown field 'responds'; did you mean 'respond'?"],
    ),
    "a list that is none": (
        ("[{api_key: gateway-prod}]", "{api_key: gateway-prod}"),
        ["21: budgets[2].match: must be a list; begin each item with a dash, or write [a, b]"],
    ),
    "a rule for everything": (
        ("{api_key: gateway-prod}", "{}"),
        [
            "21: budgets[2].match[0]: would match everything; "
            "name a workspace, api_key, actor or model"
        ],
    ),
    "an empty value": (
        ("limit: 12000", "limit:"),
        ["16: budgets[1].limit: is empty; write a value or remove the line"],
    ),
    "a channel without quotes": (
        (LIMIT, f"{LIMIT}    channel: #team-search\n"),
        [
            "17: budgets[1].channel: is empty, because # begins a comment; "
            'write it in quotes: "#team-search"'
        ],
    ),
    "no working days": (
        ("  name: Acme\n", "  name: Acme\n  working_days: []\n"),
        ["3: organization.working_days: must have at least one item"],
    ),
    "digest day": (
        ("  name: Acme\n", "  name: Acme\n  digest: {day: 1}\n"),
        ["3: organization.digest.day: must be a weekday: mon, tue, wed, thu, fri, sat, sun"],
    ),
    "an owner of a split": (
        (f"split: {SPLIT}\n", f"split: {SPLIT}\n    owner: dana@example.com\n"),
        ["21: budgets[2]: with split there is no 'owner': it only divides; remove it"],
    ),
    "no unattributed": (
        (UNATTRIBUTED, ""),
        [
            "1: unattributed: is missing: "
            "{owner: finops@example.com}, who looks after what no rule claims"
        ],
    ),
    "unattributed without owner": (
        (UNATTRIBUTED, "unattributed: {}\n"),
        [
            "8: unattributed.owner: is missing: "
            "e-mail address or Slack user id of who looks after the rest"
        ],
    ),
    "upper case id": (
        ("id: shared", "id: Shared"),
        [
            "19: budgets[2].id: must be lower case letters, digits, - and _, "
            "and begin with a letter or digit"
        ],
    ),
    "a merge key": (
        (LIMIT, f"{LIMIT}    <<: {{backup: lee@example.com}}\n"),
        ["17: budgets[1]: unknown field '<<'"],
    ),
    "a tag": (
        ("name: Acme", "name: !ruby Acme"),
        ["2: organization.name: has the tag !ruby, which is not understood; remove it"],
    ),
}

ACROSS: dict[str, tuple[tuple[str, str], list[str]]] = {
    "the same id twice": (
        ("id: shared", "id: search"),
        ["19: budgets[2].id: 'search' is taken by budgets[1]; choose another"],
    ),
    "reserved id": (
        ("id: shared", "id: unattributed"),
        ["19: budgets[2].id: 'unattributed' is reserved; choose another"],
    ),
    "unknown parent": (
        ("parent: platform", "parent: plaftorm"),
        ["15: budgets[1].parent: there is no budget 'plaftorm'; did you mean 'platform'?"],
    ),
    "a split as parent": (
        ("parent: platform", "parent: shared"),
        ["15: budgets[1].parent: 'shared' is a split, which only divides; name a budget"],
    ),
    "its own parent": (
        ("parent: platform", "parent: search"),
        ["15: budgets[1].parent: forms a circle: search > search; remove one parent"],
    ),
    "a circle": (
        ("    limit: 40000\n", "    limit: 40000\n    parent: search\n"),
        ["13: budgets[0].parent: forms a circle: platform > search > platform; remove one parent"],
    ),
    "thresholds that fall": (
        defaults("{thresholds: {look: 80%, respond: 50%}}"),
        ["9: defaults.thresholds: must rise: look 80%, respond 50%, intervene 95%"],
    ),
    "thresholds that fall with the defaults": (
        (LIMIT, f"{LIMIT}    thresholds: {{look: 90%}}\n"),
        ["17: budgets[1].thresholds: must rise: look 90%, respond 80%, intervene 95%"],
    ),
    "shares that fall, in groups": (
        defaults("{thresholds: {look: {share: 85%, forecast: off}}}"),
        ["9: defaults.thresholds: must rise: look 85%, respond 80%, intervene 95%"],
    ),
    "lead times that rise": (
        defaults("{thresholds: {respond: {lead_times: 2}, intervene: {lead_times: 3}}}"),
        [
            "9: defaults.thresholds: lead_times must fall: respond 2, intervene 3; "
            "raise the one or lower the other"
        ],
    ),
    "lead times that rise with the defaults": (
        (LIMIT, f"{LIMIT}    thresholds: {{intervene: {{lead_times: 2}}}}\n"),
        [
            "17: budgets[1].thresholds: lead_times must fall: respond 2, intervene 2; "
            "raise the one or lower the other"
        ],
    ),
    "unknown approver list": (
        routes("{approvers: [finanse]}"),
        [
            "9: defaults.overage.routes[0].approvers[0]: "
            "there is no approver list 'finanse'; did you mean 'finance'?"
        ],
    ),
    "both, of one list": (
        routes("{approvers: [finance], both: true}"),
        ["9: defaults.overage.routes[0].both: needs exactly two different approver lists"],
    ),
    "both, of one list twice": (
        routes("{approvers: [finance, finance], both: true}"),
        ["9: defaults.overage.routes[0].both: needs exactly two different approver lists"],
    ),
    "sizes that fall": (
        routes(
            "{up_to: 30, approvers: [owner]}, {up_to: 30, approvers: [leads]}, {approvers: [finance]}"
        ),
        ["9: defaults.overage.routes[1].up_to: must be more than 30%, the one before"],
    ),
    "open route in the middle": (
        routes("{approvers: [owner]}, {up_to: 60, approvers: [leads]}"),
        ["9: defaults.overage.routes[1]: is never reached: routes[0] has no up_to; put it last"],
    ),
    "a size nobody decides": (
        routes("{up_to: 10%, approvers: [owner]}"),
        [
            "9: defaults.overage.routes: nobody decides from 10% to 50%; "
            "leave out up_to in the last route, or lower max_percent"
        ],
    ),
    "shares below 100 %": (
        (SPLIT, "{search: 60%, platform: 39.99%}"),
        ["20: budgets[2].split: must sum to 100%, not 99.99%"],
    ),
    "a share for nobody": (
        (SPLIT, "{search: 60%, growth: 40%}"),
        ["20: budgets[2].split.growth: there is no budget 'growth'"],
    ),
    "dead rule": (
        ("{api_key: gateway-prod}", "{workspace: Team-Search}"),
        ["21: budgets[2].match[0]: is never reached: budgets[1].match[0] is the same; remove one"],
    ),
    "owner as a list": (
        ("  finance: {", "  owner: {"),
        [
            "6: approvers.owner: is built in and means the budget's owner; choose another name",
        ],
    ),
    "a list of nobody": (
        ("{people: [fin@example.com]}", "{people: []}"),
        ["6: approvers.finance: names nobody; give it people or a usergroup"],
    ),
    "commitment": (
        (
            UNATTRIBUTED,
            f"{UNATTRIBUTED}commitment: {{amount: 1, starts: 2026-07-01, ends: 2026-06-30}}\n",
        ),
        ["9: commitment.ends: must be after 2026-07-01, when it starts"],
    ),
    "a source twice": (
        (UNATTRIBUTED, f"{UNATTRIBUTED}sources: [{{kind: anthropic}}, {{kind: anthropic}}]\n"),
        ["9: sources[1]: is the second source 'anthropic'; keep one"],
    ),
    "one bill by two reports": (
        (UNATTRIBUTED, f"{UNATTRIBUTED}sources: [{{kind: usage_report}}, {{kind: anthropic}}]\n"),
        [
            "9: sources[1]: anthropic and usage_report read the same bill: every dollar would "
            "count twice; keep one"
        ],
    ),
    "people twice": (
        (
            UNATTRIBUTED,
            f"{UNATTRIBUTED}sources: [{{kind: anthropic}}, {{kind: claude_code}}, "
            "{kind: claude_code, workspace: other}]\n",
        ),
        ["9: sources[2]: is the second source 'claude_code'; keep one"],
    ),
}


@pytest.mark.parametrize(("change", "expected"), FIELDS.values(), ids=FIELDS)
def test_fields(change: tuple[str, str], expected: list[str], tmp_path: Path) -> None:
    """A field that cannot be understood is told with its line, path and remedy."""
    assert expected == error_lines(changed(change), tmp_path)


@pytest.mark.parametrize(("change", "expected"), ACROSS.values(), ids=ACROSS)
def test_across_fields(change: tuple[str, str], expected: list[str], tmp_path: Path) -> None:
    """What does not fit together is told at the field that should change."""
    assert expected == error_lines(changed(change), tmp_path)


def test_nobody_to_decide(tmp_path: Path) -> None:
    """Without approver lists there must be a route, or no request could ever be decided."""
    text = "  finance: {people: [fin@example.com]}\n  leads: {usergroup: S0604QSJC}\n"

    assert [
        "1: defaults.overage.routes: nobody could decide; "
        "write approvers, or routes with approvers: [owner]"
    ] == error_lines(changed((f"approvers:\n{text}", "")), tmp_path)


def test_owner_alone_may_decide(tmp_path: Path) -> None:
    """No approver list is needed when the routes only name the owner."""
    text = "  finance: {people: [fin@example.com]}\n  leads: {usergroup: S0604QSJC}\n"

    assert [] == error_lines(
        changed((f"approvers:\n{text}", ""), routes("{approvers: [owner]}")), tmp_path
    )


def test_several_at_once(tmp_path: Path) -> None:
    """All faults come at once, in the order of the file."""
    text = changed(("name: Acme", "name: 1"), (LIMIT, LIMIT * 2), ("40%", "x"))

    assert [
        "2: organization.name: must be text; put it into quotes",
        "17: budgets[1].limit: is given twice, first on line 16; keep one",
        "21: budgets[2].split.platform: must be a per cent, like 50%",
    ] == error_lines(text, tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1: is empty; begin with a copy of budgets.example.yaml"),
        ("# nothing\n", "1: is empty; begin with a copy of budgets.example.yaml"),
        ("[1, 2]", "1: must be a group of fields, each on a line of its own: name: value; there are "
            "organization, command, basis, commitment, sources, approvers, defaults, unattributed, budgets"),
        ("a: 1\nb: [1\n", "3: is not valid YAML: while parsing a flow sequence, expected ',' or ']', but got '<stream end>'"),
        ("a: 1\n---\nb: 1\n", "2: is not valid YAML: expected a single document in the stream, but found another document"),
        ("a: 1\n\tb: 1\n", "2: is not valid YAML: while scanning for the next token, found character '\\t' that cannot start any token"),
        ("a: *nobody\n", "1: is not valid YAML: found undefined alias 'nobody'"),
        ("a: 1\nb: \x01\n", "2: holds a character that YAML forbids"),
        (b"a: 1\nb: \xff\n", "2: is not UTF-8; save the file as UTF-8"),
        ("[" * 5000, "1: is nested too deeply"),
        ("a: &x [*x]\n", "1: is nested too deeply"),
    ],
)  # fmt: skip
def test_no_policy(text: str | bytes, expected: str, tmp_path: Path) -> None:
    """What is no policy file at all is told with the line where reading stopped."""
    assert [expected] == error_lines(text, tmp_path)


def test_names_that_break_the_line(tmp_path: Path) -> None:
    """A name in the file cannot break a line of the report or steer the terminal."""
    text = changed((LIMIT, f'{LIMIT}    "a\\n\\e[31m": 1\n'))

    assert ["17: budgets[1]: unknown field 'a??[31m'"] == error_lines(text, tmp_path)


def test_aliases_do_not_explode(tmp_path: Path) -> None:
    """Aliases to aliases stop early instead of filling the memory."""
    steps = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    text = "\n".join(["a0: &a0 [x, x, x]", *steps])

    lines = error_lines(text, tmp_path)
    assert ["is not valid YAML: aliases repeat too much; write the values out"] == [
        line.split(": ", 1)[1] for line in lines
    ]


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there comes with the way to get one."""
    path = tmp_path / "budgets.yaml"
    with pytest.raises(ConfigError) as caught:
        load_policy(path)

    assert (
        f"{path}: does not exist; copy budgets.example.yaml to budgets.yaml, "
        "or set BUDGET_BOT_CONFIG"
    ) == str(caught.value)


def test_folder(tmp_path: Path) -> None:
    """A folder in place of the file is an error of configuration."""
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_policy(tmp_path)


WARNINGS = {
    "child above its parent": (
        ("limit: 12000", "limit: 40000.50"),
        "16: budgets[1].limit: $40,000.50 is more than its parent 'platform' has ($40,000); "
        "the lower binds",
    ),
    "no usage": (
        ("  - id: shared\n", "  - {id: idle, owner: x@example.com, limit: 1}\n  - id: shared\n"),
        "19: budgets[2]: 'idle' gets no usage: it has no match, child or split",
    ),
    "covered rule": (
        ("{api_key: gateway-prod}", "{workspace: team-search, model: claude-opus-5}"),
        "21: budgets[2].match[0]: is never reached: budgets[1].match[0] takes all of it before",
    ),
    "covered by a wildcard": (
        ("- {workspace: team-search}", "- {api_key: 'gateway-*'}"),
        "21: budgets[2].match[0]: is never reached: budgets[1].match[0] takes all of it before",
    ),
}


@pytest.mark.parametrize(("change", "expected"), WARNINGS.values(), ids=WARNINGS)
def test_warnings(change: tuple[str, str], expected: str, tmp_path: Path) -> None:
    """What is probably not meant is told, and does not stop the bot."""
    warnings = load(changed(change), tmp_path).warnings

    assert (f"{tmp_path}/budgets.yaml:{expected}",) == warnings


def test_nothing_to_tell(tmp_path: Path) -> None:
    """A file in order has neither errors nor warnings."""
    assert () == load(GOOD, tmp_path).warnings
