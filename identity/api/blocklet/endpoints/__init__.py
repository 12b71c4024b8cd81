"""Endpoints, one room per subject; each lists its routes."""

from typing import Final

from identity.api.blocklet.endpoints import about, profile, session, sign_in

ENDPOINTS: Final = (about, profile, session, sign_in)
