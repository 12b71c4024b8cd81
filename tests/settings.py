"""Settings of test runs: the deployment's own, with a home and a database that nobody else has.

`DATABASE_URL` decides the engine. Everything is thrown away with the process.
"""

import atexit
import os
import secrets
import shutil
import tempfile
from pathlib import Path

_home = Path(tempfile.mkdtemp(prefix="countersign-test-"))
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ["COUNTERSIGN_MODE"] = "development"
os.environ["COUNTERSIGN_HOME"] = str(_home)
for _name in ("COUNTERSIGN_KEK", "COUNTERSIGN_SECRET_KEY", "COUNTERSIGN_URL", "EMAIL_URL"):
    os.environ.pop(_name, None)
# Limits are counted in the database unless a test names a Redis server itself.
REDIS_URL_OF_RUN = os.environ.pop("REDIS_URL", "")

from identity.settings import *  # noqa: E402, F403
from identity.settings import DATABASES  # noqa: E402

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, because threads of one test share a database as processes do.
    DATABASES["default"]["TEST"] = {"NAME": str(_home / "test.sqlite3")}
    # Nothing of it outlives this process. Servers that tests start and kill do wait for the disk.
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"
else:
    DATABASES["default"]["TEST"] = {"NAME": f"test_countersign_{secrets.token_hex(4)}"}

TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

PASSWORD_HASHERS = ["tests.hashing.QuickHasher"]

# The connection of a test belongs to its thread.
WEB_CARRIES_CONNECTIONS = False
