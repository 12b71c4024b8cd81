"""Authenticators of Chromium's own (DevTools protocol, domain WebAuthn) for pages in tests."""

from typing import Any

from playwright.sync_api import CDPSession, Page

PLATFORM = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class VirtualKey:
    """An authenticator plugged into one page's browser; its holder agrees to everything."""

    def __init__(self, page: Page, **changes: Any) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable", {"enableUI": False})
        given = {"options": {**PLATFORM, **changes}}
        self._id = self._session.send("WebAuthn.addVirtualAuthenticator", given)["authenticatorId"]

    def set_verified(self, *, is_verified: bool) -> None:
        """Whether the holder can show who they are: a finger that fits."""
        given = {"authenticatorId": self._id, "isUserVerified": is_verified}
        self._session.send("WebAuthn.setUserVerified", given)

    def set_present(self, *, is_present: bool) -> None:
        """Whether the holder touches it when asked."""
        given = {"authenticatorId": self._id, "enabled": is_present}
        self._session.send("WebAuthn.setAutomaticPresenceSimulation", given)

    def credentials(self) -> list[dict[str, Any]]:
        """What it holds."""
        answer = self._session.send("WebAuthn.getCredentials", {"authenticatorId": self._id})
        found: list[dict[str, Any]] = answer["credentials"]
        return found

    def take_over(self, other: "VirtualKey") -> None:
        """Hold what another one holds, as a synced one does on the next device."""
        for credential in other.credentials():
            given = {"authenticatorId": self._id, "credential": credential}
            self._session.send("WebAuthn.addCredential", given)

    def remove(self) -> None:
        """Unplug it."""
        given = {"authenticatorId": self._id}
        self._session.send("WebAuthn.removeVirtualAuthenticator", given)
