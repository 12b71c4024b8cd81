"""What is asked of the audit record: the filters of its list."""

from datetime import UTC
from typing import Any, Final
from uuid import UUID

from django import forms

from accounts import queries as people
from identity.services import event_names

SHORTEST_ID: Final = 32
_MOMENT: Final = "%Y-%m-%dT%H:%M"


class MomentField(forms.DateTimeField):
    """A time to the minute, in UTC."""

    def __init__(self, **more: Any) -> None:
        super().__init__(
            required=False,
            input_formats=[_MOMENT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"],
            widget=forms.DateTimeInput(format=_MOMENT, attrs={"type": "datetime-local"}),
            **more,
        )


class FilterForm(forms.Form):
    """Which events; each filter is answered from an index."""

    q = forms.CharField(
        required=False,
        max_length=128,
        label="Search",
        widget=forms.TextInput(
            attrs={"placeholder": "How a name begins, or a whole id", "autocomplete": "off"}
        ),
    )
    kind = forms.ChoiceField(
        required=False,
        label="About",
        choices=[
            ("", "anything"),
            *((kind, kind.replace("-", " ")) for kind in event_names.SUBJECTS),
        ],
    )
    user = forms.CharField(
        required=False,
        max_length=320,
        label="By",
        widget=forms.TextInput(attrs={"placeholder": "User name or id", "autocomplete": "off"}),
    )
    begin = MomentField(label="From (UTC)")
    end = MomentField(label="Before (UTC)")
    alarm = forms.BooleanField(required=False, label="Alarms only")

    def clean_user(self) -> str:
        """The id that the record knows somebody by."""
        asked: str = self.cleaned_data["user"].strip()
        if not asked:
            return ""
        try:
            return str(UUID(asked))
        except ValueError:
            found = people.user_by_name(asked)
        if found is None:
            raise forms.ValidationError("Nobody here has this name.")
        return str(found)

    def filters(self) -> dict[str, Any]:
        """The filters of `identity.queries.audit_window`; only of a valid form."""
        given = self.cleaned_data
        chosen: dict[str, Any] = {}
        if given["kind"]:
            chosen["subject_kind"] = given["kind"]
        if given["q"]:
            chosen |= _searched(given["q"], given["kind"])
        if given["user"]:
            chosen["user"] = given["user"]
        for name, word in (("begin", "from"), ("end", "to")):
            if given[name] is not None:
                chosen[word] = given[name].astimezone(UTC)
        if given["alarm"]:
            chosen["alarm"] = True
        return chosen


def _searched(text: str, kind: str) -> dict[str, Any]:
    if "." in text or len(text) < SHORTEST_ID:
        return {"name_begins": text}
    # The index begins with the kind, so all of them are named.
    kinds = {} if kind else {"subject_kind": tuple(event_names.SUBJECTS)}
    return {"subject_id": text} | kinds
