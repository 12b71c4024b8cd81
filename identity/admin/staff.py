"""Pages about the staff of a scope: who works here, who comes, who goes, who lost a generator."""

from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from accounts import queries
from identity import ids, permissions
from identity.admin.pages import Pages, acted, asked, require
from identity.admin.standing import actor_of
from identity.errors import Missing
from identity.pages import staff_session
from identity.paging import After, CursorInvalid

LIST: Final = "admin:staff"
_ACTS: Final = {
    "dismiss": ("staff.dismiss", "Dismiss", "The person has no access to this admin any more."),
    "reset": (
        "one-time-password.reset",
        "Remove the one-time passwords of",
        "The generator is removed; all sessions of the account have ended.",
    ),
}


class AdmitForm(forms.Form):
    """Somebody of this scope by user name, or a login of another scope."""

    name = forms.CharField(
        max_length=320,
        label="User name, or scope/user name",
        help_text=(
            "A person of this scope signs in with the account's password. With scope/user name "
            "somebody who signs in in another scope works here as a new user."
        ),
    )
    role = forms.ChoiceField(
        required=False,
        choices=[("", "none"), *((name, name) for name in sorted(permissions.PREDEFINED_ROLES))],
        help_text="For somebody of another scope; others keep the roles they have.",
    )


class StaffPages(Pages):
    """Who works here: the list, and who comes and goes."""

    def urls(self) -> list[URLPattern]:
        """Their addresses."""
        return [
            path("staff/", self.framed(self.listed), name="staff"),
            path("staff/admit/", self.framed(self.admit), name="staff_admit"),
            *(
                path(
                    f"staff/<uuid:public_id>/{act}/",
                    self.framed(self.act),
                    {"act": act},
                    name=f"staff_{act}",
                )
                for act in _ACTS
            ),
        ]

    def listed(self, request: HttpRequest) -> HttpResponse:
        """Who works here, by name."""
        require(request, "staff:list")
        after = After(after=request.GET.get("after", ""), is_descending=False)
        try:
            window = queries.staff_window(after)
        except CursorInvalid:
            return HttpResponseRedirect(reverse(LIST))
        actor = actor_of(request)
        return self.shown(
            request,
            "staff_list",
            title="Staff",
            window=window,
            may_admit=actor.may("staff:create"),
            may_dismiss=actor.may("staff:delete"),
            own=actor.public_id,
        )

    @staff_session.recently_proved
    def admit(self, request: HttpRequest) -> HttpResponse:
        """Let somebody in, or propose it."""
        require(request, "staff:create")
        form = AdmitForm(request.POST or None)

        def act(given: dict[str, Any]) -> HttpResponse:
            done = "The person is staff now."
            return acted(request, "staff.admit", _admission(given), done=done, then=reverse(LIST))

        return asked(form, act) or self.shown(
            request, "staff_admit", title="Admit staff", form=form, **_below()
        )

    @staff_session.recently_proved
    def act(self, request: HttpRequest, public_id: UUID, act: str) -> HttpResponse:
        """Ask once, then do it or propose it."""
        require(request, "staff:delete")
        command, title, done = _ACTS[act]
        try:
            row = queries.staff_member(public_id)
        except Missing:
            raise Http404 from None
        form = forms.Form(request.POST if request.method == "POST" else None)

        def submitted(_: dict[str, Any]) -> HttpResponse:
            details = {"user": str(public_id)}
            return acted(request, command, details, done=done, then=reverse(LIST))

        title = f"{title} {row.username}"
        return asked(form, submitted) or self.shown(
            request, f"staff_{act}", title=title, row=row, form=form, **_below()
        )


def _below() -> dict[str, str]:
    return {"back": reverse(LIST), "back_name": "Staff"}


def _admission(asked: dict[str, Any]) -> dict[str, Any]:
    """The command's input. Raises `Missing` for a name that nobody has."""
    name = asked["name"]
    came_before = queries.user_of_login_name(name)
    known = queries.user_by_name(name)
    if known is not None and came_before is None:
        return {"user": str(known)}
    if "/" not in name:
        raise Missing("There is no such user.")
    roles = [asked["role"]] if asked["role"] else []
    return {"user": str(came_before or ids.new()), "login": name, "roles": roles}
