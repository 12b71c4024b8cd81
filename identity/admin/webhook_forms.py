"""The form of a webhook: where events go, and which."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms

from identity.errors import DomainError
from identity.services import event_names, webhook_patterns, webhooks
from identity.services.outside import AddressRefused
from identity.webhook_queries import WebhookRow

EVENTS: Final = event_names.EVENTS
_WHAT_TO_DO: Final = (
    "Give an https address that the public internet can reach. If the receiver is on a network of "
    "your own, ask whoever operates this deployment to open it (COUNTERSIGN_FETCH_ALLOW)."
)
_PATTERNS: Final = frozenset({webhook_patterns.EVERY, *(f"{noun}.*" for noun in EVENTS)})


def _choices() -> list[tuple[str, str]]:
    every = (webhook_patterns.EVERY, "Every event (*)")
    return [every, *((f"{noun}.*", f"{noun}.*") for noun in EVENTS)]


class WebhookForm(forms.Form):
    """Address, events and a word on what it is for."""

    url = forms.CharField(
        max_length=2048,
        label="Address",
        widget=forms.URLInput(attrs={"placeholder": "https://…", "autocomplete": "off"}),
        help_text="Events are sent here by POST. What its path and query say is shown to staff.",
    )
    description = forms.CharField(
        max_length=webhooks.LONGEST_DESCRIPTION,
        required=False,
        help_text="What it is for, for those who come after you.",
    )
    nouns = forms.MultipleChoiceField(
        choices=_choices,
        required=False,
        label="Events",
        widget=forms.CheckboxSelectMultiple(attrs={"class": "choices"}),
    )
    events = forms.CharField(
        required=False,
        label="Single events",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One on each line, such as proposal.executed. The list below has all names.",
    )
    webhook = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_url(self) -> str:
        """Refuse what is not called from here, and say what to do."""
        url: str = self.cleaned_data["url"]
        try:
            webhooks.checked(url=url)
        except AddressRefused as refusal:
            raise forms.ValidationError([str(refusal), _WHAT_TO_DO]) from None
        return url

    def clean(self) -> dict[str, Any]:
        """At least one pattern, each one well-formed."""
        given = super().clean() or self.cleaned_data
        try:
            webhook_patterns.require_known(webhook_patterns.checked(patterns(given)))
        except DomainError as refusal:
            self.add_error("events", str(refusal))
        return given


def patterns(given: Mapping[str, Any]) -> Sequence[str]:
    """The patterns that were chosen and written."""
    return [*given.get("nouns", ()), *given.get("events", "").split()]


def details(given: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the commands' input that the form gives."""
    return {
        "url": given["url"],
        "events": list(dict.fromkeys(patterns(given))),
        "description": given["description"],
    }


def initial(row: WebhookRow) -> dict[str, Any]:
    """The form of a webhook that is there."""
    return {
        "url": row.url,
        "description": row.description,
        "nouns": [pattern for pattern in row.events if pattern in _PATTERNS],
        "events": "\n".join(pattern for pattern in row.events if pattern not in _PATTERNS),
    }
