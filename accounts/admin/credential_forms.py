"""The forms about verifiable credentials: what is said about whom, and one that was shown."""

from typing import Any, Final
from uuid import uuid4

import orjson
from django import forms

from accounts import queries
from accounts.models import DidDocument
from accounts.services import credential_fields
from identity.errors import DomainError

MOST_SHOWN: Final = 128 * 1024
_CODE: Final = {"spellcheck": "false", "autocomplete": "off", "class": "code-field"}
_SUITES: Final = [
    ("eddsa-jcs-2022", "eddsa-jcs-2022: signs the JSON as it is written"),
    ("eddsa-rdfc-2022", "eddsa-rdfc-2022: signs the graph that the JSON means"),
]


class JsonField(forms.CharField):
    """A JSON object as text of at most `most` bytes; a fault is told with its line and reason."""

    def __init__(self, *, most: int, rows: int, **named: Any) -> None:
        area = forms.Textarea(attrs={**_CODE, "rows": rows})
        super().__init__(widget=area, **named)
        self.most = most

    def clean(self, value: Any) -> Any:
        """The object."""
        text = super().clean(value)
        if len(text.encode()) > self.most:
            raise forms.ValidationError(
                f"This is larger than {self.most // 1024} KiB. Enter one object that is smaller."
            )
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise forms.ValidationError(
                f"Line {error.lineno}: this is no JSON: {error.msg.rstrip('.')}."
            ) from None
        if not isinstance(found, dict):
            raise forms.ValidationError('Line 1: write an object, such as {"desk": "4"}.')
        return found


class IssueForm(forms.Form):
    """Whom it is about, what it says, and for how long."""

    user = forms.CharField(max_length=254, help_text="The user name of a person of this scope.")
    type = forms.CharField(
        max_length=64,
        help_text="What the user is in it: one word of letters and digits, such as Employee.",
    )
    said = JsonField(
        most=2 * credential_fields.MOST_BYTES,
        rows=8,
        label="Fields",
        help_text='A JSON object, such as {"desk": "4"}: up to 100 names, 16 KiB, 4 levels.',
    )
    subject = forms.CharField(
        max_length=512,
        required=False,
        help_text="One of the user's DIDs. Empty: the first one, or the user's id without one.",
    )
    days = forms.IntegerField(
        min_value=1,
        max_value=3650,
        required=False,
        label="Valid for (days)",
        help_text="Empty: until it is revoked.",
    )
    cryptosuite = forms.ChoiceField(choices=_SUITES)
    sent = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def clean_user(self) -> str:
        """The id of the user of this name."""
        found = queries.user_by_name(self.cleaned_data["user"].strip())
        if found is None:
            raise forms.ValidationError("There is no such user.")
        return str(found)

    def clean_type(self) -> str:
        """A word that means nothing else in a credential."""
        try:
            return credential_fields.type_name(self.cleaned_data["type"])
        except DomainError as refusal:
            raise forms.ValidationError(str(refusal)) from None

    def clean_said(self) -> dict[str, Any]:
        """Fields that can be signed."""
        try:
            return credential_fields.checked(self.cleaned_data["said"])
        except DomainError as refusal:
            raise forms.ValidationError(str(refusal)) from None

    def clean_subject(self) -> str:
        """Empty, or a DID of this very user that was not deactivated."""
        subject: str = self.cleaned_data["subject"].strip()
        user = self.cleaned_data.get("user")
        if subject and user is not None:
            mine = DidDocument.objects.filter(
                did=subject, user_id=queries.user_id_of(user), deactivated_at__isnull=True
            )
            if not mine.exists():
                raise forms.ValidationError("This is no DID of the user.")
        return subject


class VerifyForm(forms.Form):
    """A credential as somebody showed it."""

    credential = JsonField(
        most=MOST_SHOWN,
        rows=16,
        help_text="The whole JSON document with its proof. It is not kept, nothing is fetched.",
    )
