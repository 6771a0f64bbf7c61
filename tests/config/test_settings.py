"""The environment: what is understood, what is refused, and that no secret is ever repeated."""

import base64
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.config.settings import SECRETS, Enforcement, Settings, SlackMode, load_settings
from bot.config.variables import Address
from bot.domain.errors import ConfigError

ROOT = Path(__file__).parents[2]
KEY = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OLD_KEY = "whsec_" + base64.b64encode(bytes(range(24))).decode()
NEW_KEY = 'make one with: echo "whsec_$(openssl rand -base64 32)"'
FULL = {
    "SLACK_BOT_TOKEN": "xoxb-1-2",
    "SLACK_APP_TOKEN": "xapp-1-2",
    "SLACK_SIGNING_SECRET": "8f742231b10e8888abcd99yyyzzz85a5",
    "SLACK_API_URL": "http://127.0.0.1:4000/api",
    "ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-x",
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:4001/",
    "LITELLM_BASE_URL": "https://litellm.example.com",
    "LITELLM_API_KEY": "sk-litellm-hunter2",
    "MLFLOW_BASE_URL": "https://mlflow.example.com",
    "MLFLOW_USERNAME": "bot",
    "MLFLOW_PASSWORD": "hunter2-mlflow",
    "BUDGET_BOT_CONFIG": "conf/budgets.yaml",
    "BUDGET_BOT_DATABASE_URL": "postgresql://bot:hunter2@db/budgets",
    "BUDGET_BOT_HTTP": "[::1]:9000",
    "ENFORCEMENT_WEBHOOK_URL": "https://gateway.example.com/limits",
    "ENFORCEMENT_WEBHOOK_SECRET": f"{KEY} {OLD_KEY}",
    "ENFORCEMENT_ALLOW_PRIVATE": "1",
    "USAGE_PUSH_SECRET": KEY,
    "AUDIT_KEY": "chain",
    "LOG_FORMAT": "json",
    "LOG_LEVEL": "debug",
}


def error_lines(environ: dict[str, str], env_file: Path | None = None) -> list[str]:
    """What is wrong with an environment."""
    with pytest.raises(ConfigError) as caught:
        load_settings(environ, env_file)
    return list(caught.value.lines)


def test_every_variable() -> None:
    """Each variable arrives as a checked value."""
    settings = load_settings(FULL, None)

    assert "xoxb-1-2" == settings.require_slack().get_secret_value()
    assert SlackMode.SOCKET == settings.slack_mode
    assert "http://127.0.0.1:4000/api/" == settings.slack_api_url
    assert "sk-ant-admin01-x" == settings.require_anthropic().get_secret_value()
    assert "http://127.0.0.1:4001" == settings.anthropic_base_url
    assert Path("conf/budgets.yaml") == settings.budget_bot_config
    assert FULL["BUDGET_BOT_DATABASE_URL"] == settings.budget_bot_database_url.get_secret_value()
    assert Address("::1", 9000) == settings.budget_bot_http
    assert "[::1]:9000" == str(settings.budget_bot_http)
    enforcement = settings.require_enforcement()
    assert isinstance(enforcement, Enforcement)
    assert "https://gateway.example.com/limits" == enforcement.url
    assert [KEY, OLD_KEY] == [one.get_secret_value() for one in enforcement.secrets]
    assert settings.enforcement_allow_private
    assert [KEY] == [one.get_secret_value() for one in settings.require_usage_push()]
    assert "chain" == settings.require_audit_key().get_secret_value()
    assert ("json", "DEBUG") == (settings.log_format, settings.log_level)


def test_defaults() -> None:
    """Nothing is required to begin with; addresses have their documented defaults."""
    settings = load_settings({}, None)

    assert "https://slack.com/api/" == settings.slack_api_url
    assert "https://api.anthropic.com" == settings.anthropic_base_url
    assert Path("budgets.yaml") == settings.budget_bot_config
    assert "sqlite:///budget-bot.db" == settings.budget_bot_database_url.get_secret_value()
    assert Address("127.0.0.1", 8080) == settings.budget_bot_http
    assert ("text", "INFO") == (settings.log_format, settings.log_level)
    assert not settings.enforcement_allow_private


WRONG = [
    ("SLACK_BOT_TOKEN", "xapp-1", "this looks like an app token; put it into SLACK_APP_TOKEN"),
    (
        "SLACK_BOT_TOKEN",
        "xoxp-1",
        "this looks like a user token; copy the Bot User OAuth Token (xoxb-…)",
    ),
    ("SLACK_BOT_TOKEN", "hunter2", "must begin with xoxb-; copy the Bot User OAuth Token"),
    ("SLACK_BOT_TOKEN", "xoxb-1 2", "holds a space or a line break; copy it again"),
    ("SLACK_APP_TOKEN", "xoxb-1", "this looks like a bot token; put it into SLACK_BOT_TOKEN"),
    (
        "SLACK_APP_TOKEN",
        "hunter2",
        "must begin with xapp-; make an App-Level Token (connections:write)",
    ),
    (
        "SLACK_API_URL",
        "slack.com/api",
        "must be an address like https://gateway.example.com/limits",
    ),
    ("SLACK_API_URL", "http://[x", "must be an address like https://gateway.example.com/limits"),
    ("ANTHROPIC_BASE_URL", "https://u:hunter2@x", "must not hold a user name or password"),
    ("ANTHROPIC_BASE_URL", "https://x/?a=1", "must not hold ? or #"),
    (
        "BUDGET_BOT_DATABASE_URL",
        "postgres://bot:hunter2@db/x",
        "must begin with postgresql://, not postgres://",
    ),
    (
        "BUDGET_BOT_DATABASE_URL",
        "mysql://bot:hunter2@db/x",
        "must be sqlite:///budget-bot.db or postgresql://user:password@host/name; "
        "no other database is supported",
    ),
    ("BUDGET_BOT_HTTP", "8080", "must be host:port, like 127.0.0.1:8080"),
    ("BUDGET_BOT_HTTP", "localhost:70000", "must be host:port, like 127.0.0.1:8080"),
    ("USAGE_PUSH_SECRET", "hunter2", f"must begin with whsec_; {NEW_KEY}"),
    ("USAGE_PUSH_SECRET", "whsec_hunter2!", f"must be base64 after whsec_; {NEW_KEY}"),
    ("USAGE_PUSH_SECRET", "whsec_aHVudGVyMg==", f"must hold 24 to 64 bytes, not 7; {NEW_KEY}"),
    (
        "USAGE_PUSH_SECRET",
        f"{KEY} {KEY} {KEY}",
        "holds more than two secrets; keep the new one and the one it replaces",
    ),
    ("ENFORCEMENT_ALLOW_PRIVATE", "maybe", "must be 1 or 0"),
    ("LOG_FORMAT", "xml", "must be one of text, json"),
    ("LOG_LEVEL", "loud", "must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
]


@pytest.mark.parametrize(("name", "value", "expected"), WRONG, ids=range(len(WRONG)))
def test_refused(name: str, value: str, expected: str) -> None:
    """A value in the wrong form is told by its name, with the remedy."""
    assert [f"{name}: {expected}"] == error_lines({name: value})


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_never_repeated(name: str, tmp_path: Path) -> None:
    """Neither errors nor the text of the settings hold a secret, wherever it came from."""
    file = tmp_path / "secret"
    file.write_text("hun\nter2")
    bad = [{name: "hun\nter2"}, {f"{name}_FILE": str(file)}, {name: "hunter2", f"{name}_FILE": "x"}]
    told = "".join("".join(error_lines(one)) for one in bad)

    assert "ter2" not in told
    assert FULL[name] not in repr(load_settings(FULL, None))


def test_all_faults_at_once() -> None:
    """Every fault of the environment comes in one go."""
    lines = error_lines({"SLACK_BOT_TOKEN": "x", "LOG_LEVEL": "x", "AUDIT_KEY_FILE": "/none"})

    assert ["AUDIT_KEY_FILE", "SLACK_BOT_TOKEN", "LOG_LEVEL"] == [
        line.split(":")[0] for line in lines
    ]


def test_a_key_of_the_record_and_those_before_it() -> None:
    """Separated by spaces, the one of today first."""
    settings = load_settings({"AUDIT_KEY": " new   old "}, None)

    assert "new old" == settings.require_audit_key().get_secret_value()


@pytest.mark.parametrize("name", SECRETS)
def test_secret_from_a_file(name: str, tmp_path: Path) -> None:
    """Each secret can come from a file; the line break at its end does not count."""
    file = tmp_path / "secret"
    file.write_text(f"{FULL[name]}\n")
    rest = {other: value for other, value in FULL.items() if other != name}

    assert load_settings(FULL, None) == load_settings({**rest, f"{name}_FILE": str(file)}, None)


def test_files_that_hold_no_secret(tmp_path: Path) -> None:
    """A secret file that cannot be used is told by its path."""
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_text("\n")
    binary.write_bytes(b"\xff\xfe")

    for path, expected in (
        (
            tmp_path / "none",
            "cannot be read: No such file or directory; mend the path or its rights",
        ),
        (tmp_path, "cannot be read: Is a directory; mend the path or its rights"),
        (empty, "is empty; write the secret into it"),
        (binary, "holds no text; write the secret into it as it is"),
    ):
        assert [f"AUDIT_KEY_FILE: {path} {expected}"] == error_lines({"AUDIT_KEY_FILE": str(path)})


def test_secret_and_file() -> None:
    """A secret that is given twice is refused, because nobody could tell which one counts."""
    assert ["AUDIT_KEY: is set, and so is AUDIT_KEY_FILE; remove one of them"] == error_lines(
        {"AUDIT_KEY": "a", "AUDIT_KEY_FILE": "/run/secrets/audit"}
    )


def test_env_file(tmp_path: Path) -> None:
    """The environment wins over `.env`, and an empty value counts as not set."""
    file = tmp_path / ".env"
    file.write_text('LOG_LEVEL=DEBUG\nLOG_FORMAT="json" # here\nSLACK_BOT_TOKEN=\nOTHER=1\n')
    settings = load_settings({"LOG_LEVEL": "ERROR"}, file)

    assert ("ERROR", "json") == (settings.log_level, settings.log_format)
    assert settings.slack_bot_token is None
    assert load_settings({}, None) == load_settings({}, tmp_path / "none")


def test_env_file_in_another_encoding(tmp_path: Path) -> None:
    """A `.env` that is no text is told by its path."""
    file = tmp_path / ".env"
    file.write_bytes(b"AUDIT_KEY=\xff\n")

    assert [f"{file}: is not UTF-8; save the file as UTF-8"] == error_lines({}, file)


def test_env_file_of_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without arguments it is the process's environment and `.env` beside it."""
    for name in FULL:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("LOG_LEVEL=DEBUG\n")
    monkeypatch.setenv("LOG_FORMAT", "json")
    settings = load_settings()

    assert ("DEBUG", "json") == (settings.log_level, settings.log_format)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"SLACK_APP_TOKEN": "xapp-1", "SLACK_SIGNING_SECRET": "x"}, "socket"),
        ({"SLACK_SIGNING_SECRET": "x"}, "http"),
    ],
)
def test_slack_mode(environ: dict[str, str], expected: str) -> None:
    """An app token means Socket Mode; a signing secret alone means HTTP."""
    assert expected == load_settings(environ, None).slack_mode


REQUIRED: dict[str, Callable[[Settings], object]] = {
    "SLACK_BOT_TOKEN": Settings.require_slack,
    "SLACK_APP_TOKEN": lambda settings: settings.slack_mode,
    "ANTHROPIC_ADMIN_KEY": Settings.require_anthropic,
    "ENFORCEMENT_WEBHOOK_URL": Settings.require_enforcement,
    "USAGE_PUSH_SECRET": Settings.require_usage_push,
    "AUDIT_KEY": Settings.require_audit_key,
}


@pytest.mark.parametrize(("name", "ask"), REQUIRED.items(), ids=REQUIRED)
def test_required(name: str, ask: Callable[[Settings], object]) -> None:
    """Who needs a secret that is not there is told its name and where to get it."""
    with pytest.raises(ConfigError, match=rf"^{name}: is missing; .{{10,}}"):
        ask(load_settings({}, None))


def test_target_needs_its_secret() -> None:
    """A target without a secret would get unsigned limit states."""
    assert [
        f"ENFORCEMENT_WEBHOOK_SECRET: is missing, and ENFORCEMENT_WEBHOOK_URL is set; {NEW_KEY}"
    ] == error_lines(
        {"ENFORCEMENT_WEBHOOK_URL": "https://g.example.com", "ENFORCEMENT_WEBHOOK_SECRET": " "}
    )


def test_example_names_every_variable() -> None:
    """`.env.example` has each variable once, a comment above it, and loads as it is."""
    text = (ROOT / ".env.example").read_text("utf-8")
    found = re.findall(r"^# .+\n([A-Z_]+)=$", text, re.MULTILINE)

    assert list(FULL) == found
    assert [name.lower() for name in FULL] == list(Settings.model_fields)
    assert load_settings({}, None) == load_settings({}, ROOT / ".env.example")
