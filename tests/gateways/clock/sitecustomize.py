"""Read by a Python that starts with this folder in PYTHONPATH: its clock is ahead by some seconds."""

import os
import time

import time_machine  # type: ignore[import-not-found]  # only where the gateways are

time_machine.travel(time.time() + float(os.environ["CLOCK_AHEAD_SECONDS"])).start()  # noqa: TID251
