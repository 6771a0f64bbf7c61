"""
Runs a program until its standard input ends, then ends all of it: `python leash.py PROGRAM ARGUMENT…`

Whoever started it holds the other end. When they stop, or are killed in any way that lets nobody
clean up, the input ends, and nothing of the program is left running.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress

GRACE_SECONDS = 15


def main(command: list[str]) -> None:
    """Returns when nothing of it runs any more; it had some time to end by itself."""
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        sys.stdin.buffer.read()
        program.terminate()
        with suppress(subprocess.TimeoutExpired):
            program.wait(GRACE_SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
