"""The forms about solutions, contexts, their members and what these may do."""

import json
from typing import Any, Final
from uuid import UUID

from django import forms

from accounts import queries
from accounts.acl import grammar
from accounts.acl.grammar import EVERYTHING, LONGEST
from accounts.admin import acl_words
from accounts.context_errors import AclInvalid
from accounts.models import Context
from identity.crypto import user_key
from identity.crypto.errors import KeyInvalid
from identity.errors import Missing
from identity.pages.people_forms import ChangeForm

_CODE: Final = {"spellcheck": "false", "autocomplete": "off", "class": "code-field"}
_VISIBILITY: Final = [
    (Context.Visibility.PRIVATE, "Private: its own solution alone sees it"),
    (Context.Visibility.PUBLIC, "Public: it may be shared with other solutions"),
]
_CONTACTS: Final = [
    (Context.Contacts.EVERYONE, "Every member"),
    (Context.Contacts.STAFF, "Staff members only"),
]
_JOINING: Final = [
    (Context.Joining.CLOSED, "Closed: members are added"),
    (Context.Joining.OPEN, "Open: whoever shows a key joins"),
]
_PRIVATE: Final = (
    "This is a private key, which was not kept. Nobody but its user may have it: let the user "
    "make another one, and enter its public half."
)


class SolutionForm(ChangeForm):
    """A solution is a name."""

    name = forms.CharField(max_length=256, help_text="The application or product it is.")


class ContextForm(ChangeForm):
    """A context and its rules, but for the policy of containers."""

    name = forms.CharField(max_length=128)
    description = forms.CharField(max_length=128, required=False)
    visibility = forms.ChoiceField(choices=_VISIBILITY)
    contacts = forms.ChoiceField(
        choices=_CONTACTS,
        label="Whom members see",
        help_text="Those with whom a member who is no staff may establish communication. Staff "
        "members see everybody.",
    )
    joining = forms.ChoiceField(
        choices=_JOINING,
        help_text="Joining takes a signature with the private key of the user.",
    )


class PolicyForm(ChangeForm):
    """Who may do what with containers, as JSON."""

    policy = forms.CharField(
        required=False,
        label="Policy of containers",
        widget=forms.Textarea(attrs={**_CODE, "rows": 14}),
        help_text="JSON. Empty: the defaults of the containers.",
    )

    def clean_policy(self) -> dict[str, Any]:
        """An object; what may stand in it, the service says."""
        text = self.cleaned_data["policy"].strip()
        try:
            found = json.loads(text or "{}")
        except ValueError as error:
            line = getattr(error, "lineno", 1)
            raise forms.ValidationError(f"This is no JSON: see line {line}.") from None
        if not isinstance(found, dict):
            raise forms.ValidationError("Write an object, such as {}.")
        return found


class AclField(forms.CharField):
    """An access list; a fault is told with its line, and with what may have been meant."""

    widget = forms.Textarea

    def __init__(self, **named: Any) -> None:
        area = forms.Textarea(attrs={**_CODE, "rows": 10, "wrap": "off", "data-acl-text": ""})
        super().__init__(max_length=LONGEST, label="Access list", widget=area, strip=False, **named)

    def to_python(self, value: Any) -> str:
        """With the line ends of access lists, and nothing behind the last line."""
        return str(super().to_python(value) or "").replace("\r\n", "\n").rstrip()

    def validate(self, value: Any) -> None:
        """Refuse what can't be read."""
        super().validate(value)
        try:
            grammar.parse(value)
        except AclInvalid:
            raise forms.ValidationError(_told(value)) from None


class AclForm(forms.Form):
    """What a member may do."""

    acl = AclField()


class KeyForm(forms.Form):
    """The key that takes the place of another."""

    public_key = forms.CharField(
        max_length=64,
        label="New public key",
        widget=forms.TextInput(attrs=_CODE),
        help_text="Made on the user's new device. The old key stops counting at once.",
    )

    def clean_public_key(self) -> str:
        """A public key; a private one is told apart, and is not shown again."""
        given = self.cleaned_data["public_key"].strip()
        if _is_private(given):
            self.data = {**self.data, "public_key": ""}
            raise forms.ValidationError(_PRIVATE)
        try:
            return user_key.parse_public(given).text
        except KeyInvalid as refusal:
            raise forms.ValidationError(
                f"{refusal} Copy the public key as the user's device shows it."
            ) from None


class PlainMemberForm(KeyForm):
    """A new member: the pair of user id and public key, and what the user may do."""

    member = forms.CharField(
        max_length=128,
        label="User id",
        help_text="How the application calls the user, exactly as it writes it.",
    )
    acl = AclField(initial=EVERYTHING)
    field_order = ("member", "public_key", "user", "is_staff", "acl")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        key = self.fields["public_key"]
        key.label = "Public key"
        key.help_text = "About 50 letters and digits, made on the user's device."


class MemberForm(PlainMemberForm):
    """The same, by somebody who may say who is staff, and whose account a member is."""

    is_staff = forms.BooleanField(
        required=False, label="Staff: sees every member, and is seen by all"
    )
    user = forms.CharField(
        required=False,
        max_length=320,
        label="Account here",
        widget=forms.TextInput(attrs={"placeholder": "User name or id", "autocomplete": "off"}),
        help_text="Whose account the member is, if it has one: the user then finds contacts with "
        "the own session, and is shown to them by name.",
    )

    def clean_user(self) -> str | None:
        """The id that clients know a user of this scope by."""
        asked: str = self.cleaned_data["user"].strip()
        if not asked:
            return None
        try:
            found: UUID | None = queries.user(UUID(asked)).id
        except ValueError:
            found = queries.user_by_name(asked)
        except Missing:
            found = None
        if found is None:
            raise forms.ValidationError("Nobody here has this name or id.")
        return str(found)


def _is_private(text: str) -> bool:
    try:
        user_key.parse_wif(text)
    except KeyInvalid:
        return False
    return True


def _told(text: str) -> str:
    fault = acl_words.read(text).fault
    if fault is None:
        return "This access list can't be read."
    meant = f" Did you mean “{fault.instead}”?" if fault.instead else ""
    return f"Line {fault.line}: {fault.reason}.{meant}"
