"""The forms about users, programs, groups, roles and rules."""

import uuid
from collections.abc import Sequence
from typing import Any, Final

from django import forms

from accounts import queries as accounts
from accounts import rights
from identity import permissions
from identity.actor import Actor
from identity.paging import Page

_MOST_LISTED: Final = 200
_ROOTS: Final = sorted(permissions.APPROVABLE)
_NOTHING_CHANGED: Final = "Nothing is changed. Change a field, or go back."


class ChangeForm(forms.Form):
    """A form that sends only what differs from what it showed."""

    def clean(self) -> dict[str, Any]:
        """Refuse a form in which nothing differs."""
        cleaned = super().clean() or self.cleaned_data
        if self.initial and not self.has_changed():
            raise forms.ValidationError(_NOTHING_CHANGED)
        return cleaned

    def changes(self) -> dict[str, Any]:
        """The fields that differ."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


class EditUserForm(ChangeForm):
    """Names and contact of a user."""

    email = forms.EmailField(max_length=254, required=False, label="E-mail address")
    first_name = forms.CharField(max_length=150, required=False)
    last_name = forms.CharField(max_length=150, required=False)
    mobile = forms.CharField(max_length=32, required=False)
    customer_id = forms.CharField(
        max_length=128, required=False, help_text="How another system knows this user."
    )


class ProgramForm(forms.Form):
    """A program with the public keys of its device."""

    email = forms.EmailField(
        max_length=254,
        label="E-mail address",
        help_text="Also its user name. Somebody who answers for the program should read it.",
    )
    first_name = forms.CharField(max_length=150, required=False, label="Name")
    signature_key = forms.CharField(
        max_length=130,
        label="Public signature key (P-256)",
        help_text="The point in hex: 66 digits compressed, 130 digits uncompressed.",
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    encryption_key = forms.CharField(
        max_length=4096,
        label="Public encryption key (RSA)",
        help_text="PEM, from -----BEGIN PUBLIC KEY----- on. Private keys stay with the program.",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )
    networks = forms.CharField(
        required=False,
        max_length=4096,
        label="May call from",
        help_text="Networks, one a line, such as 192.0.2.0/24. Empty: from everywhere.",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    expires_at = forms.DateTimeField(
        required=False,
        label="Ends at (UTC)",
        help_text="Empty: it does not end by itself.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    roles = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *given: Any, by: Actor, **named: Any) -> None:
        super().__init__(*given, **named)
        if not by.may("users:edit"):
            del self.fields["roles"]
            return
        active = accounts.roles(Page(limit=_MOST_LISTED, filters={"status": "active"})).rows
        choices = [(str(role.id), role.name) for role in active]
        self.fields["roles"].choices = choices  # type: ignore[attr-defined]

    def details(self, user: uuid.UUID) -> dict[str, Any]:
        """The command's input. The form must be valid."""
        data = self.cleaned_data
        found: dict[str, Any] = {
            "user": str(user),
            "email": data["email"],
            "first_name": data["first_name"],
            "signature_key": data["signature_key"].strip(),
            "encryption_key": data["encryption_key"].strip() + "\n",
            "networks": data["networks"].split(),
            "roles": data.get("roles", []),
        }
        if data["expires_at"] is not None:
            found["expires_at"] = data["expires_at"].isoformat()
        return found


class NamedForm(ChangeForm):
    """A name and what it is about."""

    name = forms.CharField(max_length=128)
    description = forms.CharField(max_length=512, required=False)


class DeviceNameForm(ChangeForm):
    """What a device is called."""

    name = forms.CharField(max_length=128)


class RoleForm(NamedForm):
    """A custom role and the rules it is made of; `held` are those it has already."""

    rules = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="A rule that is missing here is made under Rules first.",
    )

    def __init__(self, *given: Any, held: Sequence[uuid.UUID] = (), **named: Any) -> None:
        super().__init__(*given, **named)
        listed = list(accounts.rules(Page(limit=_MOST_LISTED)).rows)
        known = {rule.id for rule in listed}
        listed += [accounts.rule(rule) for rule in held if rule not in known]
        choices = [
            (str(rule.id), f"{rule.name}: {rule.action} on {rule.resource}") for rule in listed
        ]
        self.fields["rules"].choices = choices  # type: ignore[attr-defined]


class RuleForm(NamedForm):
    """One right, chosen from all that there are."""

    right = forms.ChoiceField(label="Right", help_text="A resource and what may be done with it.")
    proposal_resource = forms.ChoiceField(
        required=False,
        label="Proposals about",
        choices=[("", "every resource"), *((root, root) for root in _ROOTS)],
        help_text="Narrows a rule to approve on /proposals; leave it for every other right.",
    )
    field_order = ("name", "right", "proposal_resource", "description")

    def __init__(self, *given: Any, present: str = "", **named: Any) -> None:
        super().__init__(*given, **named)
        choices: dict[str, list[tuple[str, str]]] = {}
        for resource, action in rights.choices():
            choices.setdefault(resource, []).append(
                (f"{resource} {action}", f"{action} on {resource}")
            )
        known = {value for group in choices.values() for value, _ in group}
        if present and present not in known:
            choices["as it is now"] = [(present, present)]
        self.fields["right"].choices = list(choices.items())  # type: ignore[attr-defined]

    def changes(self) -> dict[str, Any]:
        """The fields that differ, with the right as the command takes it."""
        found = super().changes()
        if "right" in found:
            found["resource"], _, found["action"] = found.pop("right").rpartition(" ")
        return found
