"""Endpoints, one room per subject; each lists its routes."""

from typing import Final

from identity.api.blocklet.endpoints import (
    about,
    absent,
    browsers,
    exchanges,
    passports,
    people,
    profile,
    session,
    settings,
    sign_in,
)

ENDPOINTS: Final = (
    about,
    session,
    sign_in,
    profile,
    people,
    settings,
    browsers,
    exchanges,
    passports,
    absent,
)
