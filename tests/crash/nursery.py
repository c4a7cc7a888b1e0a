"""A process that has everything imported and forks a child per order: quick, and without threads.

Reads one JSON order a line, answers with the child's number; an answer to `wait` is its status.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import traceback

from crash_scenario import Order, carry_out


def child(order: Order) -> None:
    devnull = os.open(os.devnull, os.O_RDWR)
    os.dup2(devnull, 0)
    os.dup2(devnull, 1)
    code = 0
    try:
        asyncio.run(carry_out(order))
    except KeyboardInterrupt:
        code = 130
    except BaseException:  # noqa: BLE001 - nothing of the parent's may run in the child
        traceback.print_exc()
        code = 1
    os._exit(code)


def main() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                child(Order(**request))
        print(answer, flush=True)


if __name__ == "__main__":
    main()
