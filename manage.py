#!/usr/bin/env python
"""The operator's shell: every command of the platform."""

import gc
import os
import sys

OWNER_COMMANDS = frozenset({"migrate", "sqlmigrate", "showmigrations"})


def main() -> None:
    """Run one command. Files that it makes are for its owner alone."""
    os.umask(0o077)
    # What is imported stays: looking through it for garbage took a seventh of each start.
    gc.disable()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity.settings")
    owner_url = os.environ.get("DATABASE_OWNER_URL")
    if owner_url and sys.argv[1:2] and sys.argv[1] in OWNER_COMMANDS:
        # Requests run under a login that owns no table; changing tables needs the one that does.
        os.environ["DATABASE_URL"] = owner_url
    import django  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415 reads the environment
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415
    from django.core.management import execute_from_command_line  # noqa: PLC0415
    from django.db import DatabaseError  # noqa: PLC0415

    try:
        settings.INSTALLED_APPS  # noqa: B018 the first look at any setting reads them all
    except ImproperlyConfigured as mistakes:
        sys.exit(str(mistakes))
    django.setup()
    gc.freeze()
    gc.enable()
    try:
        execute_from_command_line(sys.argv)
    except DatabaseError:
        from identity.management import database_state  # noqa: PLC0415

        advice = "" if "--traceback" in sys.argv else database_state.advice()
        if not advice:
            raise
        sys.exit(advice)


if __name__ == "__main__":
    main()
