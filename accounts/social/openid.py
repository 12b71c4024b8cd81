"""Providers that speak OpenID Connect, as social-core's backend with what it leaves open closed."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote_plus

import jwt
from social_core.backends.open_id_connect import OpenIdConnectAuth

from accounts.social import calls, id_tokens
from accounts.social.base import Backend
from identity.services import outside
from identity.services.outside import AddressRefused
from sessions_app.errors import ProviderUnusable
from sessions_app.services import provider_kinds
from sessions_app.services.provider_sign_in import Asserted

_TENANT_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_APPLE_SECRET_SECONDS: Final = 300


class OpenIdConnect(Backend, OpenIdConnectAuth):
    """Any provider that publishes a configuration under its issuer."""

    def oidc_endpoint(self) -> str:
        """Where the configuration lies."""
        return self.round.issuer.rstrip("/")

    def oidc_config(self) -> dict[str, Any]:
        """The configuration, whose issuer must be the one that was asked (Discovery §4.3)."""
        found = calls.document(f"{self.oidc_endpoint()}/.well-known/openid-configuration")
        if found.get("issuer") != self.published_issuer():
            raise ProviderUnusable("The provider's configuration names another issuer.")
        return found

    def published_issuer(self) -> str:
        """What the configuration must name."""
        return self.round.issuer

    def issuer_of(self, claims: Mapping[str, Any]) -> str:
        """What a token must name."""
        del claims
        return self.round.issuer

    def authorization_url(self) -> str:
        """A page for browsers, under the same rules as what we call ourselves."""
        url: str = super().authorization_url()
        try:
            outside.parse(url, outside.guard())
        except AddressRefused as refusal:
            raise ProviderUnusable(str(refusal)) from None
        return url

    def get_scope(self) -> list[str]:
        """What is asked for; openid always."""
        wanted = self.round.options.get("scopes", "openid profile email").split()
        return wanted if "openid" in wanted else ["openid", *wanted]

    def get_and_store_nonce(self, url: str, state: str | None) -> str:
        """Of the round."""
        del url, state
        return self.round.nonce

    def use_basic_auth(self) -> bool:
        """Only where the secret can't be sent in the body (RFC 8414 §2: basic is the default)."""
        known = self.oidc_config().get("token_endpoint_auth_methods_supported")
        return bool(self.round.secret) and "client_secret_post" not in (known or ())

    def auth_complete_credentials(self) -> tuple[str, str] | None:
        """Encoded as RFC 6749 §2.3.1 wants it."""
        if not self.use_basic_auth():
            return None
        return quote_plus(self.round.client_id), quote_plus(self.round.secret)

    def validate_and_return_id_token(self, id_token: str, access_token: str) -> dict[str, Any]:
        """With our own checks in place of the library's."""
        claims = id_tokens.verify(
            id_token,
            keys=self._keys,
            expected_issuer=self.issuer_of,
            expected_audience=self.round.client_id,
            expected_nonce=self.round.nonce,
            now=datetime.now(UTC),
        )
        algorithm = id_tokens.algorithm_of(id_token)
        id_tokens.require_access_hash(claims, access_token, algorithm)
        return claims

    def auth_complete(self, *arguments: Any, **named: Any) -> Any:
        """Refuse what another provider sent back (RFC 9207 §2.4)."""
        told = self.data.get("iss")
        is_promised = self.oidc_config().get("authorization_response_iss_parameter_supported")
        if (told or is_promised) and told != self.issuer_of({}):
            raise ProviderUnusable("The answer is of another issuer.")
        return super().auth_complete(*arguments, **named)

    def user_data(self, access_token: str, *arguments: Any, **named: Any) -> dict[str, Any]:
        """What the ID token does not say is asked for, where it can be."""
        claims = self._claims
        if "email" in claims or not self.oidc_config().get("userinfo_endpoint"):
            return {}
        told: dict[str, Any] = self.get_json(
            self.userinfo_url(), headers={"Authorization": f"Bearer {access_token}"}
        )
        # OpenID Connect Core §5.3.2: the answer about another subject must not be used.
        if told.get("sub") != claims.get("sub"):
            raise ProviderUnusable("The provider answered about another account.")
        return told

    def asserted(self, response: Mapping[str, Any]) -> Asserted:
        """By the ID token; an address with the claim about it, from where the address came."""
        claims = self._claims
        source = claims if "email" in claims else response
        name = calls.text(claims, "name", most=200) or calls.text(response, "name", most=200)
        return Asserted(
            issuer=claims["iss"],
            subject=claims["sub"],
            email=calls.text(source, "email", most=254),
            is_email_verified=self.is_verified(source),
            name=name,
        )

    @property
    def _claims(self) -> dict[str, Any]:
        """Of the verified ID token, without which nothing gets this far."""
        claims: Any = self.id_token
        if not isinstance(claims, dict):
            raise ProviderUnusable("The provider sent no ID token.")
        return claims

    def is_verified(self, source: Mapping[str, Any]) -> bool:
        """Whether the provider says in so many words that it verified the address."""
        return source.get("email_verified") is True

    def _keys(self, is_anew: bool) -> list[dict[str, Any]]:  # noqa: FBT001 - the shape of `Keys`
        read = calls.document_anew if is_anew else calls.document
        keys = read(self.jwks_uri()).get("keys")
        return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


class Microsoft(OpenIdConnect):
    """Entra ID: one directory, or all of them, each with an issuer of its own."""

    def published_issuer(self) -> str:
        """For many directories a text with a gap."""
        tenant = self.round.options["tenant"]
        if tenant not in provider_kinds.SHARED_TENANTS:
            return self.round.issuer
        return self.round.issuer.replace(f"/{tenant}/", "/{tenantid}/")

    def issuer_of(self, claims: Mapping[str, Any]) -> str:
        """The directory's own, which the token must also name by its id."""
        tenant = self.round.options["tenant"]
        if tenant not in provider_kinds.SHARED_TENANTS:
            return self.round.issuer
        told = claims.get("tid")
        if not isinstance(told, str) or not _TENANT_ID.fullmatch(told):
            raise ProviderUnusable("The provider's ID token names no directory.")
        return self.round.issuer.replace(f"/{tenant}/", f"/{told}/")

    def is_verified(self, source: Mapping[str, Any]) -> bool:
        """Never: whoever runs a directory writes any address into it."""
        del source
        return False


class Apple(OpenIdConnect):
    """Apple: the answer comes by POST, and the secret is signed anew each time."""

    def auth_params(self, state: str | None = None) -> dict[str, Any]:
        """With scopes, Apple insists on form_post."""
        params: dict[str, Any] = super().auth_params(state)  # type: ignore[no-untyped-call]
        return {**params, "response_mode": "form_post"}

    def get_scope(self) -> list[str]:
        """There is no profile."""
        return ["openid", "email", "name"]

    def use_basic_auth(self) -> bool:
        """In the body."""
        return False

    def get_key_and_secret(self) -> tuple[str, str]:
        """A token of five minutes under the key that Apple knows."""
        now = int(time.time())
        claims = {
            "iss": self.round.options["team_id"],
            "iat": now,
            "exp": now + _APPLE_SECRET_SECONDS,
            "aud": self.round.issuer,
            "sub": self.round.client_id,
        }
        headers = {"kid": self.round.options["key_id"]}
        secret = jwt.encode(claims, self.round.secret, algorithm="ES256", headers=headers)
        return self.round.client_id, secret

    def is_verified(self, source: Mapping[str, Any]) -> bool:
        """Apple writes true as a text now and then."""
        return source.get("email_verified") in {True, "true"}
