"""The table of routes: every endpoint's routes in one place."""

from typing import Final

from identity.api.guardian.endpoints import ENDPOINTS
from identity.web.route_table import Table

TABLE: Final = Table(each for endpoint in ENDPOINTS for each in endpoint.ROUTES)
