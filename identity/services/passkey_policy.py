"""What the scope in force asks of passkeys at this moment."""

from typing import Final

from django.conf import settings as deployment

from identity import errors
from identity.models import Scope
from identity.scoping import current, prepared
from identity.services import passkey_settings, scope_settings, scopes
from identity.services.passkey_settings import PasskeyPolicy

_SCOPE: Final = prepared.prepare(
    lambda scope: Scope.objects.filter(id=scope).values_list("settings", "name"), "scope"
)


def in_force() -> PasskeyPolicy:
    """The whole policy, in one statement. Raises NoScopeError, Missing."""
    row = _SCOPE.one(scope=current.required_scope())
    if row is None:
        raise errors.Missing("There is no such scope.")
    settings, name = row
    return passkey_settings.policy(
        scope_settings.of(settings), name=name, base_url=deployment.BASE_URL
    )


def rp_id() -> str:
    """The domain alone: passkeys of another one can't be used. Raises NoScopeError, Missing."""
    return scopes.settings().passkey_rp_id or passkey_settings.usual_rp_id(deployment.BASE_URL)


def is_for_own_pages() -> bool:
    """Whether the server's own pages may use the passkeys of the scope in force.

    A scope whose pages are elsewhere names their domain and origins. Raises NoScopeError, Missing.
    """
    return passkey_settings.covers(scopes.settings(), base_url=deployment.BASE_URL)
