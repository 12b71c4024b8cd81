"""What the scope in force asks of passkeys at this moment."""

from django.conf import settings as deployment

from identity.queries import scope
from identity.services import passkey_settings, scopes
from identity.services.passkey_settings import PasskeyPolicy


def in_force() -> PasskeyPolicy:
    """The whole policy. Raises NoScopeError, Missing."""
    return passkey_settings.policy(
        scopes.settings(), name=scope().name, base_url=deployment.BASE_URL
    )


def rp_id() -> str:
    """The domain alone: passkeys of another one can't be used. Raises NoScopeError, Missing."""
    return scopes.settings().passkey_rp_id or passkey_settings.usual_rp_id(deployment.BASE_URL)
