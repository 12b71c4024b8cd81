"""Accounts at providers, proven over OAuth 2.0 and OpenID Connect: the part that talks to them.

social-core knows how each provider wants to be asked; what it would keep in Django's session, its
tables and its settings is given to it for one round and kept by our own challenges instead. It
proves who somebody is at a provider; who that is here, our services decide.
"""

from collections.abc import Mapping

from accounts.social import backends, base
from accounts.social.strategy import Strategy
from sessions_app.services.provider_sign_in import Asserted, Round


def address(asked: Round) -> str:
    """Where the browser is sent to sign in at the provider. Raises ProviderUnusable."""
    backend = _backend(asked, {})
    with base.told():
        return str(backend.auth_url())


def prove(asked: Round, answer: Mapping[str, str]) -> Asserted:
    """Exchange what the provider sent back with the browser for who it says is there.

    Calls the provider, within bounds, through the fetcher alone. Raises ProviderUnusable for
    everything that is not as it should be, and `base.Declined` if the person said no.
    """
    backend = _backend(asked, answer)
    with base.told():
        asserted = backend.auth_complete()
    if not isinstance(asserted, Asserted):
        raise TypeError("the pipeline ends with what was asserted")
    return asserted


def _backend(asked: Round, answer: Mapping[str, str]) -> base.Backend:
    strategy = Strategy(asked, {"state": asked.state, **answer})
    return backends.of_kind(asked.kind)(strategy, redirect_uri=asked.return_address)
