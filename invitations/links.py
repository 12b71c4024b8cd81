"""Invitation links: what a person opens or scans to join, short enough for a QR picture."""

import base64
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import segno
from django.conf import settings

from identity.crypto import tokens
from identity.models import Scope
from identity.scoping import current

_INVITE_PREFIX: Final = "inv_"


def link_of(bundle: Mapping[str, Any]) -> str:
    """The link for what `user.invite` or `device.invite` answered in the scope in force.

    Everything secret is behind the `#`, which browsers send to nobody: base64url of the temporary
    device's id (16 bytes), the one-time private key (32), the random bytes of the invite string
    (32) and the server's signature key (33).
    """
    slug = Scope.objects.values_list("slug", flat=True).get(id=current.required_scope())
    held = (
        UUID(bundle["temporary_device"]).bytes
        + bytes.fromhex(bundle["one_time_private_key"])
        + _random_bytes(bundle["invite_string"])
        + bytes.fromhex(bundle["server_signature_key"])
    )
    fragment = base64.urlsafe_b64encode(held).rstrip(b"=").decode()
    return f"{settings.BASE_URL.rstrip('/')}/s/{slug}/join#{fragment}"


def qr_svg(link: str) -> str:
    """The link as a picture: one SVG element without script, style or outside resource."""
    code = segno.make(link, error="m", micro=False)
    return str(code.svg_inline(scale=4, border=4, omitsize=False, svgclass=None, lineclass=None))


def _random_bytes(invite_string: str) -> bytes:
    text = tokens.parse(invite_string, expected_prefix=_INVITE_PREFIX)
    return base64.urlsafe_b64decode(text.removeprefix(_INVITE_PREFIX) + "=")
