"""Seals values anew in processes that die, one at each point of each column.

python -m tests.crash.mortal_resealing fill      under the key of the environment
python -m tests.crash.mortal_resealing reseal    says what the processes died at
python -m tests.crash.mortal_resealing open      exits with 0 if every service opens its values
"""

import os
import pickle
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django
from django.db import connections

from tests.crash import mortal_server


def main(task: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity.settings")
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from tests import sealed_rows

    kept = Path(settings.HOME) / "filled"
    if task == "fill":
        kept.write_bytes(pickle.dumps(sealed_rows.fill()))
        return
    filled = pickle.loads(kept.read_bytes())
    if task == "open":
        call_command("sealing", "check")
        filled.require_open()
        return
    _reseal(filled.scope.id)
    call_command("sealing", "reseal")


def _reseal(scope_id: Any) -> None:
    from identity.management import sealed
    from identity.services import resealing

    # One value in each transaction, so that a column with several dies in the midst of them.
    resealing.MOST = 1  # type: ignore[misc]
    connections.close_all()
    for column in sealed.COLUMNS:
        point = 1
        while _dies_at(point, column, scope_id):
            point += 1


def _dies_at(point: int, column: Any, scope_id: Any) -> bool:
    from identity import actor
    from identity.services import resealing

    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] != 0
    fate = mortal_server.Fate()
    mortal_server.make_mortal(fate)
    fate.die_at = point
    last = None
    while True:
        by, now = actor.system(scope_id), datetime.now(UTC)
        last = resealing.reseal(column, after=last, by=by, now=now).last
        if last is None:
            connections.close_all()
            os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
