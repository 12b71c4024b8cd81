"""The form of a policy; what its three languages refuse stands at the field, with the place."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.html import format_html

from identity import ids
from identity.errors import DomainError
from invitations.decision import expression, patterns, review
from invitations.models import Policy
from invitations.services import policies

_ACTIONS: Final = [
    ("*", "Everything"),
    ("add", "Adding (add)"),
    ("edit", "Changing (edit)"),
    ("delete", "Removing (delete)"),
]
_DECISIONS: Final = [
    ("REVIEW", "Others have to approve (REVIEW)"),
    ("DENY", "It is refused (DENY)"),
    ("ALLOW", "It is done at once (ALLOW)"),
]
_CHANGED_MEANWHILE: Final = (
    "Somebody changed this policy after you opened it. Open it again, and enter your change anew."
)
_AROUND: Final = 24
_TRIAL: Final = "try"
_CODE: Final = {"spellcheck": "false", "autocomplete": "off", "class": "code-field"}


class PolicyForm(forms.Form):
    """All changeable fields of a policy; `version` is the one that the form was opened with."""

    name = forms.CharField(max_length=128)
    description = forms.CharField(
        max_length=512, required=False, help_text="What it is for, for those who come after you."
    )
    resource = forms.CharField(
        max_length=128,
        label="Resources",
        widget=forms.TextInput(attrs=_CODE),
        help_text="Patterns such as /users/*, several separated by spaces; * is every resource.",
    )
    action = forms.ChoiceField(choices=_ACTIONS, label="Acts")
    expression = forms.CharField(
        required=False,
        label="Only if",
        widget=forms.Textarea(attrs={**_CODE, "rows": 3}),
        help_text="An expression. Empty: always.",
    )
    decision_on_true = forms.ChoiceField(choices=_DECISIONS, label="Then")
    review_expression = forms.CharField(
        required=False,
        label="Whose approval",
        widget=forms.Textarea(attrs={**_CODE, "rows": 5}),
        help_text="A review expression. It is left out unless others have to approve.",
    )
    priority = forms.IntegerField(
        min_value=-(2**31),
        max_value=2**31 - 1,
        help_text="The smallest number is tried first; the first policy that holds decides.",
    )
    status = forms.ChoiceField(
        choices=[("active", "Active"), ("disabled", "Switched off")], label="State"
    )
    policy = forms.UUIDField(required=False, widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, row: Policy | None = None) -> None:
        self.row = row
        super().__init__(data, initial=_initial(row))

    def clean_resource(self) -> str:
        """Every pattern by itself, so that the one at fault is named."""
        parts = self.cleaned_data["resource"].split()
        for pattern in parts:
            try:
                patterns.parse(pattern)
            except patterns.PatternInvalid as refusal:
                raise forms.ValidationError(
                    format_html("<code>{}</code> is no pattern. {}", pattern, str(refusal))
                ) from None
        return " ".join(parts)

    def clean_expression(self) -> str:
        """The expression, or its fault with the place marked."""
        text: str = self.cleaned_data["expression"].replace("\r\n", "\n")
        try:
            expression.parse(text)
        except expression.ExpressionInvalid as refusal:
            raise _pointed(str(refusal), text, refusal.facts.get("position")) from None
        return text

    def clean(self) -> dict[str, Any]:
        """The review where there is one; and nobody else's change is undone unseen."""
        given = super().clean() or self.cleaned_data
        text = given.get("review_expression", "").replace("\r\n", "\n")
        given["review_expression"] = ""
        if given.get("decision_on_true") == Policy.Decision.REVIEW:
            try:
                given["review_expression"] = review.canonical(review.parse(text))
            except review.ReviewInvalid as refusal:
                position = getattr(refusal.__cause__, "pos", None)
                self.add_error("review_expression", _pointed(str(refusal), text, position))
        if self.row is not None and given.get("version") != self.row.version:
            self.add_error(None, _CHANGED_MEANWHILE)
        return given

    def texts(self) -> dict[str, Any]:
        """The policy as it is written here."""
        return {name: self.cleaned_data[name] for name in policies.FIELDS}

    def changes(self) -> dict[str, Any]:
        """What differs from the policy as it is; everything where there is none."""
        present = policies.present(self.row) if self.row else {}
        return {
            name: value
            for name, value in self.texts().items()
            if name not in present or present[name] != value
        }

    def refuse(self, refusal: DomainError) -> None:
        """Put what the domain refused where it belongs."""
        self.add_error(_field_of(refusal), str(refusal))


def _field_of(refusal: DomainError) -> str | None:
    kinds: tuple[tuple[type[DomainError], str], ...] = (
        (patterns.PatternInvalid, "resource"),
        (expression.ExpressionInvalid, "expression"),
        (review.ReviewInvalid, "review_expression"),
    )
    return next((field for kind, field in kinds if isinstance(refusal, kind)), None)


def _initial(row: Policy | None) -> dict[str, Any]:
    if row is None:
        start = {"decision_on_true": "REVIEW", "name": "", "resource": ""}
        written = {"review_expression": policies.ONE_OTHER_PERSON, "policy": ids.new()}
        return {**policies.BLANK, **start, **written}
    return {**policies.present(row), "version": row.version}


def _pointed(advice: str, text: str, position: object) -> forms.ValidationError:
    """What is wrong and what to do, with the text around the place."""
    if not isinstance(position, int):
        return forms.ValidationError(advice)
    before, here, after = _cut(text, position)
    return forms.ValidationError(
        format_html(
            '{} <code class="fault">{}<mark>{}</mark>{}</code>',
            _at(advice, text, position),
            before,
            here or "\N{OPEN BOX}",
            after,
        )
    )


def _at(advice: str, text: str, position: int) -> str:
    """The sentence with line and column, as editors count them."""
    advice = advice.split(": ", 1)[-1] if advice.startswith("At character") else advice
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    place = f"character {column}" if "\n" not in text else f"line {line}, character {column}"
    return f"At {place}: {advice}"


def _cut(text: str, position: int) -> tuple[str, str, str]:
    start, end = max(0, position - _AROUND), position + 1 + _AROUND
    before = ("\N{HORIZONTAL ELLIPSIS}" if start else "") + text[start:position]
    after = text[position + 1 : end] + ("\N{HORIZONTAL ELLIPSIS}" if len(text) > end else "")
    return before, text[position : position + 1], after


class TrialForm(forms.Form):
    """What somebody would do: one of a few samples, or any command with its input."""

    sample = forms.ChoiceField(required=False, label="What somebody would do")
    command = forms.ChoiceField(required=False)
    details = forms.CharField(
        required=False,
        max_length=16384,
        label="Details",
        widget=forms.Textarea(attrs={**_CODE, "rows": 6}),
        help_text="JSON, as a proposal shows them. Used where the command below is chosen above.",
    )

    def __init__(
        self,
        data: QueryDict | None,
        *,
        samples: Sequence[tuple[str, str]],
        commands: Sequence[str],
    ) -> None:
        super().__init__(data, prefix=_TRIAL, initial={"sample": samples[0][0]})
        self._choose("sample", [*samples, ("", "The command below, as written")])
        self._choose("command", [("", "Choose a command"), *((name, name) for name in commands)])

    def filled(self, command: str, details: Mapping[str, Any]) -> QueryDict:
        """What was sent, with this command written down to be altered."""
        sent = QueryDict(mutable=True)
        sent[f"{_TRIAL}-command"] = command
        sent[f"{_TRIAL}-details"] = json.dumps(details, indent=2, ensure_ascii=False)
        return sent

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 for the types
        field.choices = choices

    def written(self) -> tuple[str, dict[str, Any]] | None:
        """The command that is written; None where the form now says what is wrong with it."""
        command = self.cleaned_data.get("command", "")
        if not command:
            self.add_error("command", "Choose a command, or one of the samples.")
            return None
        text = self.cleaned_data.get("details", "").strip() or "{}"
        try:
            details = json.loads(text)
            json.dumps(details, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            fault = f"{getattr(error, 'msg', 'This is no JSON')}. Write one JSON object."
            self.add_error("details", _pointed(fault, text, getattr(error, "pos", None)))
            return None
        if not isinstance(details, dict) or "\\u0000" in json.dumps(details):
            self.add_error("details", "Write one JSON object, without the character NUL.")
            return None
        return command, details
