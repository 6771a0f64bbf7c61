"""The documents say what the code does: no command, variable or picture is missing or invented."""

import re
import subprocess
from pathlib import Path

import pytest

from bot.cli import app
from bot.config.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def commands() -> set[str]:
    """Every command as it is typed."""
    found = {
        info.name or info.callback.__name__ for info in app.registered_commands if info.callback
    }
    for group in app.registered_groups:
        inner = group.typer_instance
        if inner is not None:
            found |= {f"{group.name} {info.name}" for info in inner.registered_commands}
    return found


def test_the_readme_names_every_command() -> None:
    """Whoever reads the table can use all there is, and all it names is there."""
    table = README.split("## Commands")[1].split("##")[0]
    cells = re.findall(r"`budget-bot ([^`]+)`", table)
    named: set[str] = set()
    for cell in cells:
        words = [w for w in cell.replace("\\|", "|").split() if re.fullmatch(r"[a-z|]+", w)]
        first, rest = words[0], words[1].split("|") if len(words) > 1 else []
        named |= {f"{first} {word}" for word in rest} if rest else {first}

    assert commands() == named


def test_the_example_environment_names_every_variable() -> None:
    """A variable that nobody can find is a variable that nobody sets."""
    text = (ROOT / ".env.example").read_text()
    missing = [name for name in Settings.model_fields if name.upper() not in text]

    assert [] == missing


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"])
def test_links_inside_the_repository_lead_somewhere(page: str) -> None:
    """Pictures and pages that a document points to exist."""
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / page).read_text())
    missing = [target for target in targets if not (ROOT / target).exists()]

    assert [] == missing


def test_nothing_tells_of_one_machine_or_where_packages_come_from() -> None:
    """No path of a particular machine, no lock file, no package index in any tracked file."""
    listed = subprocess.run(
        ["git", "ls-files"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = [ROOT / name for name in listed.stdout.split()]
    locks = {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "package-lock.json"}
    bad = re.compile(r"(?<![\w./-])/(?:work|root)/[a-z]|index-url|files\.pythonhosted")
    told = [
        file.name
        for file in files
        if file.is_file()
        and file.suffix in {".py", ".md", ".toml", ".yml", ".yaml", ".txt", ".sh", ""}
        and file != Path(__file__)
        and bad.search(file.read_text(errors="ignore"))
    ]

    assert [] == [file.name for file in files if file.name in locks]
    assert [] == told
