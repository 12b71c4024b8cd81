"""Acts on verifiable credentials: issue one, and verify one that somebody shows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.admin import acting
from accounts.admin.acting import Act
from accounts.admin.credential_forms import IssueForm, VerifyForm
from accounts.queries import credential_checks
from accounts.queries.credential_checks import Checked, Expected
from identity.admin import site
from identity.errors import DomainError
from identity.pages.staff_session import recently_proved

_LIST: Final = "admin:accounts_credential_changelist"
_WHO: Final = {
    "scope": "this scope",
    "user": "a user of this scope",
    "outside": "somebody outside, of whom nothing is known but the key",
}


@recently_proved
def issue(request: HttpRequest) -> HttpResponse:
    """Issue a credential in the scope's name, or propose it."""
    acting.require(request, "credentials:create")
    form = IssueForm(request.POST or None, initial={"user": request.GET.get("user", "")})
    act = Act(
        command="credential.issue",
        title="Issue a credential",
        button="Issue the credential",
        done="The credential is issued.",
        back=reverse(_LIST),
        back_name="Credentials",
        about=("The scope signs what it says about a user. Whoever gets it can verify it.",),
        is_foreseen=False,
        is_once=True,
    )
    return acting.page(request, act, form, _details)


def verify(request: HttpRequest) -> HttpResponse:
    """Tell whether a credential verifies and counts now; nothing is fetched or kept."""
    acting.require(request, "credentials:verify")
    form = VerifyForm(request.POST if request.method == "POST" else None)
    about = "Tells who signed it, whether it was changed, and whether it counts now."
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": "Verify a credential",
        "act": {"about": (about,), "button": "Verify"},
        "form": form,
        "back": reverse(_LIST),
        "back_name": "Credentials",
    }
    if request.method == "POST" and form.is_valid():
        shown, now = form.cleaned_data["credential"], datetime.now(UTC)
        try:
            checked = credential_checks.verify(shown, Expected(), now=now)
        except DomainError as refusal:
            context["problem"] = str(refusal)
        else:
            context["verified"] = _told(checked)
    return TemplateResponse(request, "admin/credential_verify.html", context)


def _details(data: dict[str, Any]) -> dict[str, Any]:
    # The page's own id names the credential: sent twice, it is issued once.
    given = {
        "credential": str(data["sent"]),
        "user": data["user"],
        "type": data["type"],
        "fields": data["said"],
        "subject": data["subject"],
        "cryptosuite": data["cryptosuite"],
    }
    if data["days"]:
        given["expires_at"] = (datetime.now(UTC) + timedelta(days=data["days"])).isoformat()
    return given


def _told(checked: Checked) -> Sequence[tuple[str, str]]:
    verified = checked.verified
    has_status = "not revoked" if checked.is_status_checked else "none to check"
    return [
        ("Issuer", verified.issuer),
        ("Vouched for by", _WHO[checked.issuer_is]),
        ("Subject", ", ".join(verified.subjects) or "none"),
        ("Types", ", ".join(verified.types)),
        ("Status", has_status),
        ("Valid until", str(verified.valid_until or "it is revoked")),
        ("Issued here", "yes" if checked.issued_here else "no"),
        ("Data model", verified.version),
        ("Cryptosuite", verified.suite),
    ]
