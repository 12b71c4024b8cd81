"""Forms about API keys: a new one, its limits, a new secret."""

import itertools
import re
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from django import forms

from accounts import queries as accounts
from identity import ids, limits
from identity.actor import Actor
from identity.errors import DomainError
from identity.models import ApiKey
from identity.permissions import NOT_OF_KEYS

_APART: Final = re.compile(r"[\s,]+")
FORMS: Final = (
    ("bearer", "Bearer: the program sends it with each request"),
    ("shared", "Shared: the program may also sign its requests under it (HMAC)"),
)
OVERLAPS: Final = (
    ("0", "at once; its sessions end, too"),
    ("60", "an hour from now"),
    ("1440", "a day from now"),
    ("10080", "a week from now"),
)


class _Several(forms.CharField):
    """Several words, apart by commas, blanks or lines."""

    def __init__(self, kind: str, **given: Any) -> None:
        self.kind = kind
        area = forms.Textarea(attrs={"rows": 2, "spellcheck": "false"})
        super().__init__(required=False, max_length=20_000, widget=area, **given)

    def clean(self, value: Any) -> Any:
        """The words, each checked."""
        words = [word for word in _APART.split(super().clean(value)) if word]
        try:
            return list(getattr(limits.checked(**{self.kind: words}), self.kind))
        except DomainError as refusal:
            raise forms.ValidationError(str(refusal)) from None


class LimitsForm(forms.Form):
    """To what a key is bound. Empty means that it is not."""

    solutions = _Several(
        "solutions", help_text="Ids of solutions, or * for all. Empty: not bound to any."
    )
    contexts = _Several("contexts", help_text="Ids of contexts. Empty: not bound to any.")
    networks = _Several(
        "networks",
        help_text="Addresses and networks (192.0.2.0/24) from which alone it may call. Empty:"
        " from anywhere.",
    )

    @classmethod
    def of(cls, row: ApiKey, data: Any) -> "LimitsForm":
        """With the limits of a key filled in."""
        kinds = cls.base_fields
        return cls(data, initial={kind: "\n".join(getattr(row, kind)) for kind in kinds})

    def bounds(self) -> dict[str, Any]:
        """The part of a command's input."""
        return {kind: self.cleaned_data[kind] for kind in LimitsForm.base_fields}


class ApiKeyForm(LimitsForm):
    """A new key. `sent` is new each time the form is shown, so that it is done once."""

    name = forms.CharField(max_length=200, help_text="What uses it: an app, a server, a script.")
    form = forms.ChoiceField(choices=FORMS, initial="bearer", label="Secret", required=False)
    permissions = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "choices is-grouped"}),
        help_text="No more than you hold yourself. sessions:introspect lets it look into tokens.",
    )
    user = forms.CharField(
        max_length=254,
        required=False,
        label="Acts for",
        help_text="A user name: the key then can't do more than that user. Empty: your backend.",
    )
    days = forms.IntegerField(
        min_value=1,
        max_value=3650,
        required=False,
        label="Valid for (days)",
        help_text="Empty: until it is revoked.",
    )
    sent = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    field_order = ("name", "form", "permissions", *LimitsForm.base_fields, "user", "days", "sent")

    def __init__(self, *given: Any, by: Actor, **named: Any) -> None:
        super().__init__(*given, **named)
        words = sorted(by.permissions - NOT_OF_KEYS)
        groups = itertools.groupby(words, key=lambda word: word.partition(":")[0])
        choices = [(noun, [(word, word) for word in group]) for noun, group in groups]
        self.fields["permissions"].choices = choices  # type: ignore[attr-defined]

    def clean_user(self) -> str:
        """The id of the user of this name."""
        name = self.cleaned_data["user"].strip()
        if not name:
            return ""
        found = accounts.user_by_name(name)
        if found is None:
            raise forms.ValidationError("There is no such user.")
        return str(found)

    def details(self, now: datetime) -> dict[str, Any]:
        """The input of the command."""
        data = self.cleaned_data
        given: dict[str, Any] = {
            "api_key": str(ids.new()),
            "name": data["name"],
            "permissions": data["permissions"],
            "form": data["form"] or "bearer",
            **self.bounds(),
        }
        if data["user"]:
            given["user"] = data["user"]
        if data["days"]:
            given["expires_at"] = (now + timedelta(days=data["days"])).isoformat()
        return given


class RotationForm(forms.Form):
    """How long the old secret counts. `sent` is new each time the form is shown."""

    overlap = forms.ChoiceField(choices=OVERLAPS, initial="1440", label="The old secret ends")
    sent = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
