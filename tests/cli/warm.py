"""
A process that has imported the command line, and splits in two for every command it is given.

`python warm.py` reads a line of JSON for each on its standard input, {"words", "environment",
"folder", "out", "error"}, runs it in a child with nothing of its own, and answers a line with the
exit code. A second of imports is spent once, and a command is a process all the same.
"""

import json
import os
import sys
import traceback
from typing import Any, NoReturn

from bot.cli import main


def become(order: dict[str, Any]) -> NoReturn:
    """In the child: be the command that an operator typed, to the end."""
    for stream, path in ((1, order["out"]), (2, order["error"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    sys.argv = ["budget-bot", *order["words"]]
    code = 1
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 whatever it is, an operator would see it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def serve() -> None:
    """Until the input ends."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            become(json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
