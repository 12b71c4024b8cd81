"""One's own devices in the admin: what is listed, and what a page needs to sign as one of them."""

import base64
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import HttpRequest
from django.urls import reverse

from accounts import queries as accounts
from accounts.queries.rows import DeviceRow
from identity.actor import Actor
from identity.crypto import check_code, rsa
from identity.errors import Missing
from identity.pages import staff_acts, staff_session
from identity.paging import Page
from identity.services import server_keys

API: Final = "/v1"
NOBODY: Final = UUID(int=0)
_MOST: Final = 100


class RevokeForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        max_length=512, required=False, help_text="Kept in the audit record. May stay empty."
    )


def signing(by: Actor, *, back: str) -> dict[str, str]:
    """What a script on a page needs to sign for this person; no secret."""
    keys = server_keys.client_keys()
    pem = base64.b64decode(keys.encryption_pem_base64).decode()
    query = "?" + urlencode({"next": back})
    return {
        "api": API,
        "scope": str(by.scope_id),
        "user": str(by.public_id or ""),
        "audience": f"ecs:{rsa.stored_public(pem).kid.hex()}",
        "devices": reverse("admin:own_devices") + query,
        "reauthenticate": reverse("admin:reauthenticate") + query,
    }


def page(request: HttpRequest, by: Actor) -> dict[str, Any]:
    """What the page shows: the person's devices, and the way back to where they came from."""
    has_account = by.public_id is not None and not by.is_operator
    here = reverse("admin:own_devices")
    wanted = staff_session.local(request.GET.get("next", ""), "")
    return {
        "title": "Your devices",
        "rows": _rows(by) if has_account else [],
        "has_account": has_account,
        "next": wanted,
        "signing": signing(by, back=f"{here}?{urlencode({'next': wanted})}" if wanted else here),
        "proposal_url": reverse("admin:invitations_proposal_change", args=[NOBODY]),
    }


def living(device_id: UUID, *, by: Actor) -> DeviceRow:
    """One of the own devices that is not revoked. Raises `Missing`."""
    if by.public_id is None or by.is_operator:
        raise Missing("There is no such device.")
    row = accounts.device_of(by.public_id, device_id)
    if row.status == "revoked":
        raise Missing("This device is revoked.")
    return row


def revoke(request: HttpRequest, device_id: UUID, *, reason: str, by: Actor, now: datetime) -> None:
    """Revoke one of the own devices and say so. Raises what `governance.submit` raises."""
    details = {
        "user": str(by.public_id),
        "device": str(device_id),
        "reason": reason,
    }
    answer = staff_acts.submit(command="device.revoke", details=details, by=by, now=now)
    staff_acts.report(request, answer, done="The device is revoked.")


def _rows(by: Actor) -> list[dict[str, Any]]:
    if by.public_id is None:
        return []
    listed = accounts.devices_of(by.public_id, Page(limit=_MOST, is_descending=True))
    return [
        {"device": row, "check_code": check_code.of_key(row.signature_key)} for row in listed.rows
    ]
