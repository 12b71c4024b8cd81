"""What the process of web sockets runs; everything else is `identity.wsgi`'s."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity.settings")
django.setup()

from identity.api.bridge import socket as bridge  # noqa: E402 Django must be set up first
from identity.management import lifeline  # noqa: E402
from identity.web.sockets import Sockets  # noqa: E402

lifeline.hold_to_web_server()
application = Sockets(bridge.open_line)
