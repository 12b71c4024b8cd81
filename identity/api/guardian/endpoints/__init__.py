"""Endpoints, one room per subject; each lists its routes."""

from typing import Final

from identity.api.guardian.endpoints import absent, accounts, onboarding, otp, sign_in, tasks

ENDPOINTS: Final = (sign_in, accounts, otp, onboarding, absent, tasks)
