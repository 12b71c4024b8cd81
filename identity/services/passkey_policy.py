"""What the scope in force asks of passkeys at this moment."""

from django.conf import settings as deployment

from identity.services import passkey_settings, scopes
from identity.services.passkey_settings import PasskeyPolicy


def in_force() -> PasskeyPolicy:
    """The whole policy. Raises NoScopeError, Missing."""
    with scopes.read_once():
        settings, name = scopes.settings(), scopes.name()
    return passkey_settings.policy(settings, name=name, base_url=deployment.BASE_URL)


def rp_id() -> str:
    """The domain alone: passkeys of another one can't be used. Raises NoScopeError, Missing."""
    return scopes.settings().passkey_rp_id or passkey_settings.usual_rp_id(deployment.BASE_URL)


def is_for_own_pages() -> bool:
    """Whether the server's own pages may use the passkeys of the scope in force.

    A scope whose pages are elsewhere names their domain and origins. Raises NoScopeError, Missing.
    """
    return passkey_settings.covers(scopes.settings(), base_url=deployment.BASE_URL)
