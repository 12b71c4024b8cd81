"""Runs `manage.py` commands one after the other in one process: starting Python takes longest.

Reads one JSON list of arguments a line, and answers each with one JSON line: the status, what was
printed, and what was complained about. Ends with its input.
"""

import contextlib
import io
import json
import os
import sys
import traceback

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity.settings")


def run(arguments: list[str]) -> dict[str, str | int]:
    from django.core.management import execute_from_command_line
    from django.db import connections

    printed, complained, status = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complained):
        try:
            execute_from_command_line(["manage.py", *arguments])
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:  # noqa: BLE001 whatever a command raises is told
            traceback.print_exc()
            status = 1
        finally:
            connections.close_all()
    return {"status": status, "out": printed.getvalue(), "err": complained.getvalue()}


if __name__ == "__main__":
    os.umask(0o077)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)  # noqa: T201 the answer
