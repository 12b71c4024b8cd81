"""The kinds of providers as backends: GitHub and Discord, which have no ID tokens, and the rest."""

from collections.abc import Mapping
from typing import Any, Final

from social_core.backends.discord import DiscordOAuth2
from social_core.backends.github import GithubOAuth2

from accounts.social import calls
from accounts.social.base import Backend
from accounts.social.openid import Apple, Microsoft, OpenIdConnect
from sessions_app.errors import ProviderUnusable
from sessions_app.models import Provider
from sessions_app.services.provider_sign_in import Asserted


class GitHub(Backend, GithubOAuth2):
    """GitHub: numbers that stay name its accounts; names can be changed and taken over."""

    SCOPE_SEPARATOR = " "

    def get_scope(self) -> list[str]:
        """The account, and its addresses."""
        return ["read:user", "user:email"]

    def user_data(self, access_token: str, *arguments: Any, **named: Any) -> dict[str, Any]:
        """The account with its addresses; without these if they are kept back."""
        told: dict[str, Any] = dict(self._user_data(access_token))  # type: ignore[no-untyped-call]
        try:
            told["emails"] = self._user_data(access_token, "/emails")  # type: ignore[no-untyped-call]
        except ProviderUnusable:
            told["emails"] = []
        return told

    def asserted(self, response: Mapping[str, Any]) -> Asserted:
        """The number, and the primary address as GitHub verified it."""
        number = response.get("id")
        if not isinstance(number, int) or isinstance(number, bool):
            raise ProviderUnusable("GitHub named no account.")
        listed = response.get("emails")
        emails = [each for each in listed if isinstance(each, dict)] if listed else []
        primary = next((each for each in emails if each.get("primary") is True), {})
        return Asserted(
            issuer=self.round.issuer,
            subject=str(number),
            email=calls.text(primary, "email", most=254),
            is_email_verified=primary.get("verified") is True,
            name=calls.text(response, "name", most=200) or calls.text(response, "login", most=200),
        )


class Discord(Backend, DiscordOAuth2):
    """Discord: numbers that stay, as texts."""

    SCOPE_SEPARATOR = " "

    def get_scope(self) -> list[str]:
        """The account, and its address."""
        return ["identify", "email"]

    def asserted(self, response: Mapping[str, Any]) -> Asserted:
        """The number, and the address as Discord verified it."""
        number = response.get("id")
        if not isinstance(number, str) or not number.isdigit() or len(number) > 20:
            raise ProviderUnusable("Discord named no account.")
        shown = calls.text(response, "global_name", most=200)
        return Asserted(
            issuer=self.round.issuer,
            subject=number,
            email=calls.text(response, "email", most=254),
            is_email_verified=response.get("verified") is True,
            name=shown or calls.text(response, "username", most=200),
        )


_KINDS: Final[Mapping[str, type[Backend]]] = {
    Provider.Kind.GOOGLE: OpenIdConnect,
    Provider.Kind.GITLAB: OpenIdConnect,
    Provider.Kind.OIDC: OpenIdConnect,
    Provider.Kind.MICROSOFT: Microsoft,
    Provider.Kind.APPLE: Apple,
    Provider.Kind.GITHUB: GitHub,
    Provider.Kind.DISCORD: Discord,
}


def of_kind(kind: str) -> type[Backend]:
    """The backend of a kind of providers."""
    return _KINDS[kind]
