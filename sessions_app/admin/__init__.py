"""The admin's pages of signing in: sessions, the history of sign-ins, API keys."""

from sessions_app.admin import api_keys, sessions, sign_ins

__all__ = ["api_keys", "sessions", "sign_ins"]
