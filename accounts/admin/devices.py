"""Devices in the admin: the list, the page of one with its keys, and what they came with."""

import base64
from collections.abc import Sequence
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache

from accounts.admin import device_acts, related
from accounts.admin.related import MOST, Section, WithRelated
from accounts.models import Device, KnownKey
from identity.admin import actor_of, components, site
from identity.admin.components import Action
from identity.crypto import check_code
from invitations.models import Proposal

_LOOKED_AT: Final = 50
_WAYS: Final = {
    "authorize": "with an invitation",
    "keys-at-creation": "made together with its program",
    "rotation": "changed by the device itself",
    "session": "by its owner, in a session",
}


@admin.register(Device, site=site)
class DeviceAdmin(WithRelated):
    """Devices of this scope's users."""

    view_permission = "devices:list"
    list_display = ("name", "user", "status_badge", "code", "registered_at", "last_seen_at", "act")
    list_filter = ("status",)
    list_select_related = ("user",)
    search_prefixes = ("user__username_folded",)
    search_help_text = "How the owner's user name begins"
    lead = "Each holds keys of its own; the server knows the public halves only."
    ordering = ("-registered_at",)
    readonly_fields = ("code", "last_change", "came")
    when_empty = (
        "No device is registered yet. Whoever holds an invitation registers one; issue an "
        "invitation first."
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """With the end of a revoked one."""
        del request
        names = ["id", "name", "user", "status", "code", "came", "registered_at"]
        names += ["keys_changed_at", "last_seen_at", "last_change"]
        is_over = obj is not None and obj.status == Device.Status.REVOKED
        return [*names, "revoked_at", "revoke_reason"] if is_over else names

    def object_title(self, row: Device) -> str:
        """Its name; the id stands below."""
        return row.name

    def object_actions(self, request: HttpRequest, row: Any) -> Sequence[Action]:
        """What can be done with the device."""
        return device_acts.offered(row, by=actor_of(request))

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Without the way to revoke for who may revoke none."""
        names = super().get_list_display(request)
        may_revoke = actor_of(request).may("devices:delete")
        return tuple(str(name) for name in names if name != "act" or may_revoke)

    def related(self, request: HttpRequest, row: Any) -> Sequence[Section]:
        """Its keys, and all that it ever had."""
        del request
        known = KnownKey.objects.filter(device_id=row.pk).order_by("-first_seen_at", "purpose")
        keys = list(known[:MOST])
        return [_present(row), _history(keys), *_evidence(keys)]

    @admin.display(description="check code")
    def code(self, device: Device) -> str:
        """Eight digits to compare over the telephone."""
        return check_code.of_key(device.signature_key)

    @admin.display(description="registered")
    def came(self, device: Device) -> str:
        """In which way its first keys came."""
        first = KnownKey.objects.filter(device_id=device.pk).order_by("first_seen_at").first()
        return _WAYS[first.registration_kind] if first else "unknown"

    @admin.display(description="last change it signed")
    def last_change(self, device: Device) -> str:
        """The latest proposal signed by it, among the latest of its user."""
        mine = Proposal.objects.filter(proposer_id=device.user_id).order_by("-created_at")
        for proposal in mine[:_LOOKED_AT]:
            if proposal.proposer_device_id == device.pk:
                url = reverse("admin:invitations_proposal_change", args=[proposal.pk])
                what = f"{proposal.action} {proposal.resource}"
                return related.link(url, f"{what}, {proposal.created_at:%Y-%m-%d %H:%M} UTC")
        return components.nothing()

    @admin.display(description="action")
    def act(self, device: Device) -> str:
        """The way to revoke it."""
        if device.status == Device.Status.REVOKED:
            return "-"
        return format_html(
            '<a href="{}">Revoke…</a>', reverse("admin:device_revoke", args=[device.id])
        )

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of acts."""
        wrap = self.admin_site.admin_view
        return [
            *(
                path(f"<uuid:device_id>/{address}/", wrap(never_cache(view)), name=name)
                for name, (address, view) in device_acts.VIEWS.items()
            ),
            *super().get_urls(),
        ]


def _present(device: Device) -> Section:
    body = format_html(
        "{}{}",
        _code("Signature key (P-256, compressed point)", "signature-key", device.signature_key),
        _code("Encryption key (RSA, SPKI)", "encryption-key", device.encryption_key),
    )
    return Section(title="Present keys", body=body)


def _history(keys: Sequence[KnownKey]) -> Section:
    return Section(
        title="Key history",
        columns=("SHA-256", "Purpose", "Came", "At"),
        rows=[
            (
                components.copyable(key.digest),
                key.purpose,
                _WAYS[key.registration_kind],
                components.moment(key.first_seen_at),
            )
            for key in keys
        ],
        when_empty="No key is on record.",
    )


def _evidence(keys: Sequence[KnownKey]) -> Sequence[Section]:
    """The signed requests that brought keys; both keys of a pair came with one."""
    sent = {bytes(key.registration): key for key in keys if key.registration}
    if not sent:
        return ()
    boxes = [
        _code(
            f"COSE_Sign1 in base64, {key.first_seen_at:%Y-%m-%d %H:%M} UTC, {_signer(key)}",
            f"evidence-{number}",
            base64.b64encode(registration).decode(),
        )
        for number, (registration, key) in enumerate(sent.items())
    ]
    return [
        Section(
            title="Signed requests that brought the keys",
            body=format_html_join("", "{}", ((box,) for box in boxes)),
        )
    ]


def _signer(key: KnownKey) -> str:
    return f"signed by {key.signer_key}" if key.signer_key else "attested by the server"


def _code(name: str, box: str, text: str) -> SafeString:
    context = {"text": text.strip(), "name": name, "id": box}
    return render_to_string("admin/components/code.html", context)
