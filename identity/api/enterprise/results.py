"""What sensitive commands answer, in the words of the wire."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from identity.api.enterprise import outputs
from identity.api.enterprise.outputs import Row, Words
from identity.services.server_keys import ClientKeys

Shown = Callable[[Row], Words]


def of_command(name: str, result: Row, *, client_keys: Callable[[], ClientKeys]) -> Words:
    """What a sensitive command answered; `client_keys` is asked where the answer names keys."""
    if name in _WITH_KEYS:
        return _WITH_KEYS[name](result, client_keys())
    return _PLAIN[name](result)


def bundle(result: Row) -> Words:
    """The invitation bundle in the names of the onboarding page."""
    return {
        "uid": result["user"],
        "invitation_id": result["invitation"],
        "expires_at": result["expires_at"],
        "invite_string": result["invite_string"],
        "oneTimePrivateKey": result["one_time_private_key"],
        "deviceUuid": result["temporary_device"],
        "server_rsa_pub_key_pem_b64": result["server_encryption_key"],
        "server_ecdsa_pub_key": result["server_signature_key"],
    }


def _revoked_invitation(result: Row) -> Words:
    return {"id": result["invitation"], "state": result["state"]}


def _authorized(result: Row, keys: ClientKeys) -> Words:
    registered = result["device"]
    return {
        "device": {
            "device_uuid": registered["id"],
            "device_name": registered["name"],
            "user_id": registered["user"],
            "created_at": registered["registered_at"],
        },
        "user_id": result["user"],
    } | _server_keys(keys)


def _created_program(result: Row, keys: ClientKeys) -> Words:
    registered = result["device"]
    return (
        outputs.user(result["user"])
        | {
            "device_uuid": registered["id"],
            "ecdsa_pubkey": registered["signature_key"],
            "rsa_pubkey": registered["encryption_key"],
        }
        | _server_keys(keys)
    )


def _server_keys(keys: ClientKeys) -> Words:
    return {
        "server_ecdsa_pubkey": keys.signature_hex,
        "server_rsa_pubkey": keys.encryption_pem_base64,
    }


def _of(part: str, shown: Shown) -> Shown:
    return lambda result: shown(result[part])


def _gone(part: str, word: str) -> Shown:
    return lambda result: {word: result[part]["id"]}


def _nothing(_: Row) -> Words:
    return {}


def _by_name(names: Iterable[str], shown: Shown) -> dict[str, Shown]:
    return dict.fromkeys(names, shown)


_WITH_KEYS: Final[Mapping[str, Callable[[Row, ClientKeys], Words]]] = {
    "device.authorize": _authorized,
    "user.create": _created_program,
}
_PLAIN: Final[Mapping[str, Shown]] = {
    "user.invite": bundle,
    "device.invite": bundle,
    "invitation.revoke": _revoked_invitation,
    "password.change": _nothing,
    "password.reset": _gone("user", "uid"),
    "user.delete": _gone("user", "uid"),
    "role.delete": _gone("role", "rid"),
    "rule.delete": _gone("rule", "rlid"),
    "group.delete": _gone("group", "gid"),
    "recipient.delete": _gone("recipient", "id"),
    "recipient-group.delete": _gone("recipient_group", "id"),
    **_by_name(("user.edit", "role.grant", "role.withdraw"), _of("user", outputs.user)),
    **_by_name(
        ("device.register", "device.rotate", "device.revoke"), _of("device", outputs.device)
    ),
    **_by_name(("role.create", "role.edit"), _of("role", outputs.role)),
    **_by_name(("rule.create", "rule.edit"), _of("rule", outputs.rule)),
    **_by_name(
        ("group.create", "group.edit", "group.add_member", "group.remove_member"),
        _of("group", outputs.group),
    ),
    **_by_name(("recipient.create", "recipient.edit"), _of("recipient", outputs.recipient)),
    **_by_name(
        (
            "recipient-group.create",
            "recipient-group.edit",
            "recipient-group.add_recipient",
            "recipient-group.remove_recipient",
        ),
        _of("recipient_group", outputs.recipient_group),
    ),
    **_by_name(("policy.create", "policy.edit", "policy.delete"), outputs.policy),
}
