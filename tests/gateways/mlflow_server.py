"""The real MLflow server with its AI Gateway, on loopback, with a SQLite file and a log of its own."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx

HERE = Path(__file__).parent
START_SECONDS = 120
STOP_SECONDS = 30
ADMIN, PASSWORD = "admin", "a password of the tests"


@contextmanager
def mlflow_server(
    program: Path, folder: Path, *, ahead: timedelta = timedelta(0), closed: bool = False
) -> Iterator[str]:
    """
    The address of a server that is ready, and that is gone afterwards whatever happens.

    What it knows stays in `folder`. `ahead`: its clock is ahead by that. `closed`: only whom it
    knows is let in. Raises TimeoutError with the end of its log.
    """
    port = _free_port()
    log = folder / "mlflow.log"
    command = [str(program), "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    if closed:
        command += ["--app-name", "basic-auth"]
    with log.open("ab") as output:
        leash = subprocess.Popen(
            [sys.executable, str(HERE / "leash.py"), *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=_environment(program, folder, ahead),
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, leash, log)
        yield url
    finally:
        leash.communicate(timeout=STOP_SECONDS)


def _environment(program: Path, folder: Path, ahead: timedelta) -> dict[str, str]:
    """Nothing of the tests' own but the path; loopback is allowed, and limits are read again soon."""
    auth = folder / "auth.ini"
    auth.write_text(
        "[mlflow]\ndefault_permission = READ\n"
        f"database_uri = sqlite:///{folder}/users.db\nadmin_username = {ADMIN}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    environment = {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORD,
        "MLFLOW_AUTH_CONFIG_PATH": str(auth),
        "MLFLOW_CRYPTO_KEK_PASSPHRASE": "a passphrase of the tests",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "a key of the tests",
        "MLFLOW_GATEWAY_API_BASE_ALLOWED_SCHEMES": "http,https",
        "MLFLOW_GATEWAY_API_BASE_ALLOW_PRIVATE_IPS": "true",
        "MLFLOW_GATEWAY_BUDGET_REFRESH_INTERVAL": "1",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    if ahead:
        environment["PYTHONPATH"] = str(HERE / "clock")
        environment["CLOCK_AHEAD_SECONDS"] = str(ahead.total_seconds())
    return environment


def _wait_until_ready(url: str, leash: "subprocess.Popen[bytes]", log: Path) -> None:
    ends = time.monotonic() + START_SECONDS
    pause = threading.Event()
    while time.monotonic() < ends and leash.poll() is None:
        try:
            if httpx.get(f"{url}/health", trust_env=False, timeout=5).is_success:
                return
        except httpx.TransportError:
            pause.wait(0.2)
    raise TimeoutError(f"MLflow did not start:\n{log.read_text(errors='replace')[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
