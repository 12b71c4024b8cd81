"""What the web server runs: the fast lane, and Django for everything else."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity.settings")
_django = get_wsgi_application()

from identity.api.blocklet import views as blocklet  # noqa: E402 Django must be set up first
from identity.api.bridge import views as bridge  # noqa: E402
from identity.api.enterprise import views as enterprise  # noqa: E402
from identity.api.guardian import errors as guardian_errors  # noqa: E402
from identity.api.guardian import views as guardian  # noqa: E402
from identity.api.passport import views as passport  # noqa: E402
from identity.api.v1 import did_documents, well_known  # noqa: E402
from identity.api.v1 import views as v1  # noqa: E402
from identity.management import lifeline  # noqa: E402
from identity.web import health  # noqa: E402
from identity.web.lane import Branch, Lane, Route  # noqa: E402

ROUTES = [
    Route("POST", "/request", enterprise.handle, is_scoped=True),
    Route("POST", "/v1/token/refresh", v1.handle, is_scoped=True),
    Route("POST", "/v1/sign-in/password", v1.handle, is_scoped=True),
    *(
        Route("POST", f"/v1/passkeys/{ceremony}{step}", v1.handle, is_scoped=True)
        for ceremony in ("authentication", "joining")
        for step in ("", "/complete")
    ),
    *(
        Route(method, address, handler, is_scoped=True)
        for address, handler in (
            (well_known.KEYS, well_known.keys),
            (well_known.METADATA, well_known.metadata),
            *((address, did_documents.of_scope) for address in did_documents.OF_SCOPE),
        )
        for method in ("GET", "HEAD")
    ),
    *(
        Route(method, path, passport.handle, is_scoped=True)
        for path in passport.PATHS
        for method in passport.METHODS
    ),
    *(
        Route(method, path, bridge.handle, is_scoped=True)
        for path in bridge.PATHS
        for method in bridge.METHODS
    ),
    *(
        Route(method, path, handler, is_scoped=True)
        for path, handler in bridge.PLAIN.items()
        for method in ("GET", "HEAD")
    ),
    Route("GET", "/healthz", health.live),
    Route("HEAD", "/healthz", health.live),
    Route("GET", "/readyz", health.ready),
    Route("HEAD", "/readyz", health.ready),
]

lifeline.hold_to_web_server()
BRANCHES = [
    Branch(v1.is_of_program, v1.handle),
    Branch(well_known.is_of_issuer, well_known.metadata_of_issuer),
    Branch(did_documents.is_of_user, did_documents.of_user),
    Branch(blocklet.takes, blocklet.handle),
    Branch(guardian.takes, guardian.handle, failed=guardian_errors.failed),
]
application = Lane(ROUTES, otherwise=_django, branches=BRANCHES)
