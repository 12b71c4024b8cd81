"""The page of a member: its key, what it may do and by which line, and every key it had."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from accounts.admin import acl_words, acting, related
from accounts.admin.related import MOST, Section
from accounts.models import Context, ContextMember
from identity.actor import Actor
from identity.admin import components, facts, site, trail
from identity.admin.components import Action
from identity.admin.trail import Trail

PAGE: Final = "admin:member"
_ENDS: Final[Mapping[str, str]] = {
    "replaced": "another key took its place",
    "removed": "removed",
    "left": "left",
    "account-deleted": "the account was deleted",
}


def found(context_id: UUID, row_id: UUID, *, is_living: bool = True) -> ContextMember:
    """A member of a context by its row. Raises `Http404`."""
    rows = ContextMember.objects.filter(context_id=context_id).select_related("context", "user")
    member: ContextMember = acting.found(rows, row_id)
    if is_living and member.ended_at is not None:
        raise Http404
    return member


def read(request: HttpRequest, context_id: UUID, row_id: UUID) -> HttpResponse:
    """The page of a member, or of one that there was."""
    by = acting.require(request, "members:get")
    member = found(context_id, row_id, is_living=False)
    context = member.context
    around = {
        **site.each_context(request),
        "title": member.member_id,
        "facts": _facts(member, by),
        "object_actions": _offered(member, by),
        "related": [_may_do(member), _history(member)],
        "trail": _trail(member, by),
        "successor": _successor(member),
        "has_ended": member.ended_at is not None,
        "back": reverse("admin:accounts_context_change", args=[context.pk]),
        "back_name": str(context),
    }
    return TemplateResponse(request, "admin/context_member.html", around)


def _trail(member: ContextMember, by: Actor) -> Trail | None:
    """What the record of the context says about this member."""
    part = {"member": member.member_id}
    return trail.within("context", member.context.public_id, part, by=by)


def possession(member: ContextMember) -> str:
    """Whether somebody showed to hold the private key."""
    if member.proven_at is None:
        return components.badge("vouched for", "")
    return components.badge("proven", "good")


def _facts(member: ContextMember, by: Actor) -> Sequence[tuple[str, str]]:
    account: str = components.nothing()
    if member.user is not None:
        page = reverse("admin:accounts_user_change", args=[member.user_id])
        is_linked = by.may("users:get")
        account = related.link(page, member.user) if is_linked else str(member.user)
    proven = "shown at {} UTC" if member.proven_at else "vouched for by whoever added the member"
    return [
        ("User id", format_html('<span class="wrapped">{}</span>', member.member_id)),
        ("Public key", components.copyable(member.public_key)),
        ("Possession", format_html(proven, components.moment(member.proven_at))),
        ("Staff", "yes" if member.is_staff else "no"),
        ("Account here", account),
        ("Since", facts.value_of(member.created_at, "created")),
        ("Until", _until(member)),
        ("Added by", related.maker(member.created_by)),
    ]


def _until(member: ContextMember) -> str:
    if member.ended_at is None:
        return components.nothing()
    why = _ENDS.get(member.ended_reason, member.ended_reason)
    return format_html("{} UTC: {}", components.moment(member.ended_at), why)


def _offered(member: ContextMember, by: Actor) -> Sequence[Action]:
    if member.ended_at is not None:
        return ()
    actions: list[Action] = []

    def offer(name: str, page: str, *, is_dangerous: bool = False) -> None:
        url = reverse(f"admin:{page}", args=[member.context_id, member.pk])
        actions.append(Action(name, url, is_dangerous))

    if by.may("members:edit"):
        offer("Edit the access list", "member_acl")
        offer("Take staff away" if member.is_staff else "Make staff", "member_staff")
    if by.may("members:create"):
        offer("Replace the key", "member_key")
        if by.may("members:edit") and member.user_id is None:
            offer("Link an account", "member_accounts")
    if by.may("members:delete"):
        offer("Remove", "member_remove", is_dangerous=True)
    return actions


def _may_do(member: ContextMember) -> Section:
    reading = acl_words.read(member.acl)
    body = render_to_string("admin/acl_shown.html", {"reading": reading, "text": member.acl})
    return Section(title="Access list", body=body)


def _history(member: ContextMember) -> Section:
    """Every key that the user id had in the context, and every user id that the key had."""
    rows = ContextMember.objects.filter(context_id=member.context_id)
    same_id = rows.filter(member_id=member.member_id).order_by("-created_at", "-id")[:MOST]
    same_key = rows.filter(public_key=member.public_key).exclude(member_id=member.member_id)
    others = same_key.order_by("-created_at", "-id")[:MOST]
    return Section(
        title="Keys over time",
        columns=("Pair", "From", "Until"),
        rows=[_cells(each, member) for each in [*same_id, *others]],
    )


def _cells(each: ContextMember, shown: ContextMember) -> Sequence[str]:
    page = reverse(PAGE, args=[each.context_id, each.pk])
    name = each.member_id
    pair = format_html(
        '{}<div><code class="wrapped">{}</code></div>',
        name if each.pk == shown.pk else related.link(page, name),
        each.public_key,
    )
    until = components.badge("now", "good")
    if each.ended_at:
        until = format_html('<span class="wrapped">{}</span>', _until(each))
    return pair, components.moment(each.created_at), until


def _successor(member: ContextMember) -> str:
    """The page of who has the user id now, from one that has ended."""
    if member.ended_at is None:
        return ""
    living = ContextMember.objects.filter(
        context_id=member.context_id, member_id=member.member_id, ended_at__isnull=True
    ).first()
    return reverse(PAGE, args=[member.context_id, living.pk]) if living else ""


VIEWS: Final[Mapping[str, tuple[str, Callable[..., HttpResponse]]]] = MappingProxyType(
    {"member": ("<uuid:context_id>/members/<uuid:row_id>", read)}
)


def context_of(context_id: UUID) -> Context:
    """A context by its row. Raises `Http404`."""
    context: Context = acting.found(Context.objects.all(), context_id)
    return context
