"""Registration by the scope's developer, who signs who the user is."""

from typing import Any, Final

from accounts.errors import NameTaken
from accounts.services import vouched
from identity.api.passport import errors, inputs, key_assertions, outputs
from identity.api.passport.route import Asked, Method, Who
from identity.errors import Invalid


def register(asked: Asked) -> dict[str, Any]:
    """`delegatedRegistration`: the signature covers `encrypted_user` as it was sent."""
    sealed_user = inputs.text(asked, "encrypted_user")
    key = key_assertions.verified(asked, _signature(asked), expected_data=sealed_user)
    user = inputs.user(asked)
    try:
        made = vouched.register(
            name=user.name,
            display_name=user.display_name,
            developer_key_id=key.id,
            address=asked.sent.address,
            now=asked.now,
        )
    except NameTaken:
        raise errors.duplicate() from None
    return outputs.registered(made.public_id, scope_id=asked.scope_id, username=made.username)


def _signature(asked: Asked) -> str:
    credential = asked.named.get("encrypted_credential")
    sealed = credential.get("KeySignature") if isinstance(credential, dict) else None
    if not isinstance(sealed, str):
        raise Invalid("encrypted_credential is needed, with KeySignature.")
    return sealed


METHODS: Final = (
    Method("delegatedRegistration", Who.ANYBODY, register),
    # The name of the same call in the documentation of clients.
    Method("delegateRegistration", Who.ANYBODY, register),
)
