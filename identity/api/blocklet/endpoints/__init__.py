"""Endpoints, one room per subject; each lists its routes."""

from typing import Final

from identity.api.blocklet.endpoints import (
    about,
    absent,
    access_key,
    browsers,
    exchanges,
    invitation,
    mail_codes,
    passports,
    people,
    profile,
    providers,
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
    mail_codes,
    providers,
    invitation,
    access_key,
    absent,
)
