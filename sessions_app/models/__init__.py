"""Tables of signing in and staying in."""

from sessions_app.models.application import Application
from sessions_app.models.challenge import Challenge, SpentToken
from sessions_app.models.exchange import Exchange
from sessions_app.models.machine_session import MachineSession
from sessions_app.models.provider import Provider
from sessions_app.models.session import Session
from sessions_app.models.sign_in import SignIn

__all__ = [
    "Application",
    "Challenge",
    "Exchange",
    "MachineSession",
    "Provider",
    "Session",
    "SignIn",
    "SpentToken",
]
