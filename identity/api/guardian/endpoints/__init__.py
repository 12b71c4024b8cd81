"""Endpoints, one room per subject; each lists its routes."""

from typing import Final

from identity.api.guardian.endpoints import (
    absent,
    accounts,
    balances,
    demo,
    did_documents,
    onboarding,
    otp,
    profiles,
    sign_in,
    tasks,
)

ENDPOINTS: Final = (
    sign_in,
    accounts,
    otp,
    profiles,
    onboarding,
    absent,
    balances,
    demo,
    did_documents,
    tasks,
)
