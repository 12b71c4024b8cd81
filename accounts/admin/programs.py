"""Making a program: a user that acts by itself, with the public keys of its device."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.admin import acting
from accounts.admin.acting import Act
from accounts.admin.user_acts import LIST
from identity import ids
from identity.admin.standing import actor_of
from identity.pages import staff_acts
from identity.pages.people_forms import ProgramForm
from identity.pages.staff_session import recently_proved

_COMMAND: Final = "user.create"
_ABOUT: Final = (
    "A program acts by itself, with keys that it made and keeps: have it show you the "
    "public halves. It needs no invitation and has no password."
)


@recently_proved
def create(request: HttpRequest) -> HttpResponse:
    """Take name and public keys, and make the program or propose it."""
    by = acting.require(request, "users:create")
    form = ProgramForm(request.POST or None, by=actor_of(request))
    act = Act(
        command=_COMMAND,
        title="Make a program",
        button="Make the program",
        done="The program is made. Its device is unverified until its first request.",
        back=reverse(LIST),
        back_name="Users",
        about=(_ABOUT,),
        is_foreseen=False,
    )

    def details(_: dict[str, Any]) -> dict[str, Any]:
        return staff_acts.bringing_keys(_COMMAND, form.details(ids.new()), by=by)

    return acting.page(request, act, form, details)
