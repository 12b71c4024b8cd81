"""What staff do with members of contexts, each on a page of its own and through the one door."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from accounts.admin import acl_pages, acting, context_members, finding
from accounts.admin.acting import Act, Choice
from accounts.admin.context_forms import KeyForm, MemberForm, PlainMemberForm
from accounts.models import ContextMember, User
from accounts.services import member_ids
from identity.admin.acts import ConfirmForm
from identity.admin.standing import actor_of
from identity.pages import staff_acts
from identity.pages.staff_session import recently_proved

_CONTEXT: Final = "admin:accounts_context_change"
_REPLACED: Final = (
    "For a user whose device is lost or new. You vouch that the key is the user's. What was "
    "encrypted for the old key can't be read with the new one until other members share it."
)
_REMOVED: Final = (
    "The user is in the context no more, and nobody's contact there. Which key the user had, and "
    "when, stays on record."
)
_LINKED: Final = (
    "The user reads the contacts of this member with the own session, and is shown to others by "
    "name. While the account is disabled the member is nobody's contact; if it is deleted, the "
    "membership ends. This stays until the member is removed."
)


@recently_proved
def add(request: HttpRequest, context_id: UUID) -> HttpResponse:
    """Add a user id with its public key, or replace the key of one that is there."""
    may_say_more = acting.require(request, "members:create").may("members:edit")
    context = context_members.context_of(context_id)

    def submit(data: dict[str, Any]) -> Any:
        said = {name: data[name] for name in data if data[name] is not None}
        member_ids.require_usable(context.public_id, data["member"], limits=None)
        return staff_acts.submit(
            command="member.add",
            details={"context": context.public_id, **said},
            by=actor_of(request),
            now=datetime.now(UTC),
        )

    words = acl_pages.Words(
        title=f"Add a member to {context}",
        lead="You vouch that the key is the user's: nobody asks the user to show it.",
        button="Add the member",
        done="The user is a member of the context.",
        back=reverse(_CONTEXT, args=[context.pk]),
        back_name=str(context),
    )
    form = MemberForm if may_say_more else PlainMemberForm
    return acl_pages.page(request, form, words, submit)


@recently_proved
def replace_key(request: HttpRequest, context_id: UUID, row_id: UUID) -> HttpResponse:
    """Give the user id another key, with the rights that it has."""
    acting.require(request, "members:create")
    member = context_members.found(context_id, row_id)
    form = KeyForm(request.POST or None)
    act = Act(
        command="member.add",
        title=f"Replace the key of {member.member_id}",
        button="Replace the key",
        done="The user id has the new key.",
        back=reverse(_CONTEXT, args=[context_id]),
        back_name=str(member.context),
        about=(_REPLACED,),
        is_dangerous=True,
        is_foreseen=False,
    )

    def details(data: dict[str, Any]) -> dict[str, Any]:
        # Whose account it is stays by itself; that it is staff is said by who replaces the key.
        staff = {"is_staff": True} if member.is_staff else {}
        return {**_named(member), "acl": member.acl, "public_key": data["public_key"], **staff}

    return acting.page(request, act, form, details)


@recently_proved
def set_staff(request: HttpRequest, context_id: UUID, row_id: UUID) -> HttpResponse:
    """Make a member one of the staff, or no more."""
    acting.require(request, "members:edit")
    member = context_members.found(context_id, row_id)
    is_staff = not member.is_staff
    act = Act(
        command="member.set-staff",
        title=f"Make {member.member_id} staff"
        if is_staff
        else f"Take staff away from {member.member_id}",
        button="Make staff" if is_staff else "Take it away",
        done="The member is staff." if is_staff else "The member is staff no more.",
        back=_page(member),
        back_name=member.member_id,
        about=(
            "Staff members may establish communication with every member, and everybody with them."
            if is_staff
            else "Where members see staff only, this one is seen by staff alone from now on.",
        ),
    )
    details = {**_named(member), "is_staff": is_staff}
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: details)


def choose_account(request: HttpRequest, context_id: UUID, row_id: UUID) -> HttpResponse:
    """Users by how the user name begins, of whom one is the member."""
    acting.require(request, "members:edit")
    member = _without_account(context_id, row_id)
    term = request.GET.get("q", "")
    choices = [
        Choice(
            user.username,
            f"{user.first_name} {user.last_name}".strip(),
            reverse("admin:member_link_account", args=[context_id, row_id, user.pk]),
        )
        for user in finding.users(term)
    ]
    return acting.choose(
        request,
        choices,
        title=f"Link {member.member_id} to an account",
        lead=f"The first {acting.MOST_CHOICES} users; a search finds the others.",
        when_empty="Nobody is here yet.",
        when_not_found="Nobody has a user name that begins so.",
        has_search=True,
        search=term,
        search_label="How a user name begins",
        back=_page(member),
        back_name=member.member_id,
    )


@recently_proved
def link_account(
    request: HttpRequest, context_id: UUID, row_id: UUID, user_id: UUID
) -> HttpResponse:
    """Say whose account a member is, once."""
    acting.require(request, "members:edit")
    member = _without_account(context_id, row_id)
    user: User = acting.found(User.objects.filter(deleted_at__isnull=True), user_id)
    act = Act(
        command="member.add",
        title=f"Link {member.member_id} to the account of {user}",
        button="Link the account",
        done="The member is linked to the account.",
        back=_page(member),
        back_name=member.member_id,
        about=(_LINKED,),
    )
    # The pair that is there, with one thing more.
    details = {
        **_named(member),
        "public_key": member.public_key,
        "user": str(user.public_id),
    }
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: details)


@recently_proved
def remove(request: HttpRequest, context_id: UUID, row_id: UUID) -> HttpResponse:
    """End a membership; the history of its keys stays."""
    acting.require(request, "members:delete")
    member = context_members.found(context_id, row_id)
    act = Act(
        command="member.remove",
        title=f"Remove {member.member_id}",
        button="Remove the member",
        done="The member is removed.",
        back=reverse(_CONTEXT, args=[context_id]),
        back_name=str(member.context),
        about=(_REMOVED,),
        is_dangerous=True,
    )
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: _named(member))


def _without_account(context_id: UUID, row_id: UUID) -> ContextMember:
    """A living member that is nobody's account yet. Raises `Http404`."""
    member = context_members.found(context_id, row_id)
    if member.user_id is not None:
        raise Http404
    return member


def _named(member: ContextMember) -> dict[str, Any]:
    return {"context": member.context.public_id, "member": member.member_id}


def _page(member: ContextMember) -> str:
    return reverse(context_members.PAGE, args=[member.context_id, member.pk])


_ONE: Final = "<uuid:context_id>/members/<uuid:row_id>"
VIEWS: Final[Mapping[str, tuple[str, Callable[..., HttpResponse]]]] = MappingProxyType(
    {
        "member_add": ("<uuid:context_id>/members/new", add),
        "member_key": (f"{_ONE}/key", replace_key),
        "member_staff": (f"{_ONE}/staff", set_staff),
        "member_accounts": (f"{_ONE}/accounts", choose_account),
        "member_link_account": (f"{_ONE}/accounts/<uuid:user_id>", link_account),
        "member_remove": (f"{_ONE}/remove", remove),
    }
)
