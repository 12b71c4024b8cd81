"""What all kinds of providers have in common, and what the library raises in our words."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import requests
from social_core.backends.oauth import BaseOAuth2PKCE
from social_core.exceptions import AuthCanceled, SocialAuthBaseException

from accounts.social import calls
from identity.errors import DomainError, Kind
from sessions_app.errors import ProviderUnusable
from sessions_app.services.provider_sign_in import Asserted, Round


class Declined(DomainError):
    """The person said no at the provider."""

    kind = Kind.FORBIDDEN
    code = "provider.declined"
    title = "The sign-in was cancelled at the provider."


class Backend(BaseOAuth2PKCE):
    """What all kinds have in common: state, verifier and nonce are those of the round."""

    REDIRECT_STATE = False
    STATE_PARAMETER = True
    DEFAULT_USE_PKCE = True

    @property
    def round(self) -> Round:
        """What this round was begun with."""
        strategy: Any = self.strategy
        asked: Round = strategy.round
        return asked

    def get_or_create_state(self) -> str:
        """The secret of the challenge."""
        return self.round.state

    def validate_state(self) -> str:
        """The challenge was taken with it before anything else was looked at."""
        return self.round.state

    def create_code_verifier(self) -> str:
        """Of the round (RFC 7636)."""
        return self.round.verifier

    get_code_verifier = create_code_verifier

    def auth_complete_params(self, state: str | None = None) -> dict[str, Any]:
        """Without a secret for a client that has none."""
        params: dict[str, Any] = super().auth_complete_params(state)  # type: ignore[no-untyped-call]
        return {name: value for name, value in params.items() if value}

    def request(self, url: str, *, method: str = "GET", **more: Any) -> requests.Response:
        """Through the fetcher, whatever social-core asks for."""
        more.pop("timeout", None)
        return calls.exchange(method, url, **more)

    def asserted(self, response: Mapping[str, Any]) -> Asserted:
        """Who the provider says is there."""
        raise NotImplementedError


@contextlib.contextmanager
def told() -> Iterator[None]:
    """What the library raises, in our words. It quotes nothing that the provider said."""
    try:
        yield
    except AuthCanceled:
        raise Declined from None
    except (SocialAuthBaseException, requests.RequestException) as error:
        raise ProviderUnusable(f"The provider refused ({type(error).__name__}).") from None
    except (KeyError, TypeError, ValueError) as error:
        raise ProviderUnusable("The provider's answer can't be read.") from error
