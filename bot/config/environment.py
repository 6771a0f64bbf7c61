"""Where variables come from: the environment, then `.env`; a secret also from a file."""

from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic_settings import BaseSettings, DotEnvSettingsSource

from bot.domain.errors import ConfigError

MAX_SECRET_BYTES = 100_000


def read_env_file(path: Path | None) -> dict[str, str | None]:
    """What `.env` says, or nothing when there is none."""
    if path is None:
        return {}
    try:
        source = DotEnvSettingsSource(
            BaseSettings, env_file=path, env_file_encoding="utf-8", case_sensitive=True
        )
        return dict(source.env_vars)
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def gather(
    given: Mapping[str, str | None], names: Collection[str], secrets: Collection[str]
) -> tuple[dict[str, str], list[str]]:
    """
    The variables that are set, and a line for each fault; an empty value counts as not set.

    NAME_FILE names a file that holds the secret, as container platforms mount it.
    """
    written = {name: text.strip() for name, text in given.items() if text and text.strip()}
    values = {name: written[name] for name in names if name in written}
    faults: list[str] = []
    for name in secrets:
        file = written.get(f"{name}_FILE")
        if file is None:
            continue
        if name in values:
            faults.append(f"{name}: is set, and so is {name}_FILE; remove one of them")
            continue
        try:
            values[name] = _secret_of(Path(file))
        except ValueError as error:
            faults.append(f"{name}_FILE: {error}")
    return values, faults


def _secret_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SECRET_BYTES + 1)
        text = data.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise ValueError(f"{path} holds no text; write the secret into it as it is") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "that is no path"
        raise ValueError(f"{path} cannot be read: {reason}; mend the path or its rights") from None
    if not text:
        raise ValueError(f"{path} is empty; write the secret into it")
    if len(data) > MAX_SECRET_BYTES:
        raise ValueError(f"{path} is too large to hold a secret")
    return text
