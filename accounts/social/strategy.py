"""What social-core asks its surroundings for: settings and memory of one round, nothing else."""

from collections.abc import Mapping
from typing import Any

from social_core.storage import BaseStorage
from social_core.strategy import BaseStrategy
from social_django.strategy import DjangoStrategy

from sessions_app.services.provider_sign_in import Asserted, Round


class Storage(BaseStorage):
    """No tables: the accounts are ours, and so are states and nonces."""


class Strategy(DjangoStrategy):
    """The strategy of one round: no request, no Django session, no setting of the deployment."""

    def __init__(self, asked: Round, answer: Mapping[str, str]) -> None:
        super().__init__(Storage, None)
        self.round = asked
        notes: Any = {}
        self.session = notes  # they end with the round
        self._answer = dict(answer)
        self._settings: dict[str, Any] = {
            "KEY": asked.client_id,
            "SECRET": asked.secret,
            "USE_PKCE": True,
            "PIPELINE": ["accounts.social.strategy.conclude"],
        }

    def get_setting(self, name: str) -> Any:
        """Raises KeyError for what nobody set, for which social-core has its defaults."""
        return self._settings[name]

    def request_data(self, merge: bool = True) -> dict[str, str]:  # noqa: FBT001, FBT002 the library's
        """What came back with the browser."""
        del merge
        return self._answer

    def build_absolute_uri(self, path: str | None = None) -> str:
        """The return address is absolute already."""
        return path or ""

    def authenticate(self, backend: Any, *arguments: Any, **named: Any) -> Any:
        """Straight into the pipeline: Django's backends sign staff in, and nobody else."""
        return BaseStrategy.authenticate(self, backend, *arguments, **named)

    def clean_authenticate_args(self, *arguments: Any, **named: Any) -> Any:
        """As they are: there is no request among them."""
        return arguments, named


def conclude(backend: Any, response: dict[str, Any], **rest: Any) -> Asserted:
    """The whole pipeline: what the provider asserts, read strictly."""
    del rest
    asserted: Asserted = backend.asserted(response)
    return asserted
