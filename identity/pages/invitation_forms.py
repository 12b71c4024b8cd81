"""The forms about invitations: one person, many people, one person again."""

from typing import Any
from uuid import uuid4

from django import forms

from accounts import queries as accounts
from identity.actor import Actor
from identity.paging import Page
from identity.services import scopes
from invitations import bulk_lines
from invitations.bulk_lines import Entry

_MOST_ROLES = 200


class OfferForm(forms.Form):
    """What every invitation may say: how long it is valid, and whether its link goes by mail.

    `sent` is new each time the form is shown, so that it is done once.
    """

    hours = forms.IntegerField(
        min_value=1,
        max_value=bulk_lines.MOST_HOURS,
        initial=72,
        label="Valid for (hours)",
    )
    mails_link = forms.BooleanField(
        required=False,
        label="Send the link by mail",
        help_text="Whoever reads that mailbox can use the link. Off: hand it over yourself.",
    )
    sent = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        if not scopes.settings().mail_invitation_links:
            del self.fields["mails_link"]


class IssueForm(OfferForm):
    """Whom to invite: a new person, or a known one for a further device."""

    email = forms.EmailField(max_length=254, label="E-mail address")
    first_name = forms.CharField(max_length=150, required=False)
    last_name = forms.CharField(max_length=150, required=False)
    mobile = forms.CharField(max_length=32, required=False)
    roles = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Given together with the invitation; one approval covers both.",
    )
    field_order = (
        "email",
        "first_name",
        "last_name",
        "mobile",
        "roles",
        "hours",
        "mails_link",
        "sent",
    )

    def __init__(self, *given: Any, by: Actor, **named: Any) -> None:
        super().__init__(*given, **named)
        if not by.may("users:edit"):
            del self.fields["roles"]
            return
        active = accounts.roles(Page(limit=_MOST_ROLES, filters={"status": "active"})).rows
        field = self.fields["roles"]
        field.choices = [(str(role.id), role.name) for role in active]  # type: ignore[attr-defined]

    def entry(self) -> Entry:
        """The same as a line of a list. The form must be valid."""
        data = self.cleaned_data
        return Entry(
            email=data["email"],
            first_name=data["first_name"],
            last_name=data["last_name"],
            mobile=data["mobile"],
            roles=tuple(data.get("roles", ())),
            hours=data["hours"],
        )


class AgainForm(OfferForm):
    """A new invitation in place of an old one."""

    is_for_further_device = forms.BooleanField(
        required=False, label="This is for a further device of this person"
    )
    field_order = ("is_for_further_device", "hours", "mails_link", "sent")

    def __init__(self, *given: Any, has_joined: bool, **named: Any) -> None:
        super().__init__(*given, **named)
        if not has_joined:
            del self.fields["is_for_further_device"]


class ManyForm(forms.Form):
    """A list of people as a CSV file."""

    file = forms.FileField(
        label="List of people (CSV)",
        help_text="UTF-8, at most 1,000 lines and 512 KiB. Nothing is done before you confirm.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
    )
    mails_link = forms.BooleanField(
        required=False,
        label="Send each link by mail",
        help_text="Whoever reads a mailbox can use its link. Off: hand the links over yourself.",
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        if not scopes.settings().mail_invitation_links:
            del self.fields["mails_link"]
