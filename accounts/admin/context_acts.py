"""What staff do with contexts, each on a page of its own and through the one door."""

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID, uuid4

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.admin import acting, finding
from accounts.admin.acting import Act, Choice
from accounts.admin.context_forms import ContextForm, PolicyForm
from accounts.models import Context, ContextShare, Solution
from identity.actor import Actor
from identity.admin.acts import ConfirmForm
from identity.admin.components import Action
from identity.pages.staff_session import recently_proved

LIST: Final = "admin:accounts_context_changelist"
PAGE: Final = "admin:accounts_context_change"
_KEYS: Final = (
    "Keys: get, listMy, listAll, create, update, delete; and thread, store, kvdb, inbox, stream, "
    "each an object with the same keys and some of its own."
)
_VALUES: Final = (
    "Values: default, none, all; for get, update and delete also user, manager and owner, joined "
    "by a comma (or) or by & (and), such as user&manager,owner."
)
_POLICY: Final = (
    "Who may list, make, change and delete containers, where an access list allows it.",
    _KEYS,
    _VALUES,
)
_DISABLED: Final = (
    "Nobody is added to it, joins it or finds contacts in it until it is enabled again. Its "
    "members stay as they are."
)
_EDITED: Final = ("name", "description", "visibility", "contacts", "joining")


def offered(context: Context, *, by: Actor) -> Sequence[Action]:
    """The buttons on a context's page."""
    actions: list[Action] = []

    def offer(name: str, page: str, *, is_dangerous: bool = False) -> None:
        actions.append(Action(name, reverse(f"admin:{page}", args=[context.pk]), is_dangerous))

    if by.may("contexts:edit"):
        offer("Edit", "context_edit")
        offer("Policy", "context_policy")
        is_on = context.status == Context.Status.ACTIVE
        offer("Disable" if is_on else "Enable", "context_disable" if is_on else "context_enable")
    if by.may("contexts:delete"):
        offer("Delete", "context_delete", is_dangerous=True)
    return actions


def choose_solution(request: HttpRequest) -> HttpResponse:
    """The solution that a new context shall belong to."""
    acting.require(request, "contexts:create")
    return _choose(
        request,
        lambda solution: reverse("admin:context_create", args=[solution.pk]),
        title="Make a context: its solution",
        when_empty="There is no solution yet. Make one first.",
        back=reverse(LIST),
        back_name="Contexts",
    )


@recently_proved
def create(request: HttpRequest, solution_id: UUID) -> HttpResponse:
    """Make a context without members in a solution."""
    acting.require(request, "contexts:create")
    solution: Solution = acting.found(Solution.objects.all(), solution_id)
    form = ContextForm(request.POST or None)
    act = Act(
        command="context.create",
        title=f"Make a context in {solution}",
        button="Make the context",
        done="The context is made. Add its members on its page.",
        back=reverse(LIST),
        back_name="Contexts",
        is_foreseen=False,
    )

    def details(data: dict[str, Any]) -> dict[str, Any]:
        return {"context": str(uuid4()), "solution": solution.public_id, **data}

    return acting.page(request, act, form, details)


@recently_proved
def edit(request: HttpRequest, context_id: UUID) -> HttpResponse:
    """Change its name and its rules."""
    initial = {name: getattr(_found(request, context_id), name) for name in _EDITED}
    form = ContextForm(request.POST or None, initial=initial)
    return _edited(request, context_id, form, "Edit", "The context is changed.")


@recently_proved
def policy(request: HttpRequest, context_id: UUID) -> HttpResponse:
    """Change what members may do with its containers."""
    present = _found(request, context_id).policy
    text = json.dumps(present, indent=2, ensure_ascii=False) if present else ""
    form = PolicyForm(request.POST or None, initial={"policy": text})
    return _edited(request, context_id, form, "Policy of", "The policy is changed.", _POLICY)


def _edited(
    request: HttpRequest,
    context_id: UUID,
    form: ContextForm | PolicyForm,
    verb: str,
    done: str,
    about: Sequence[str] = (),
) -> HttpResponse:
    context = _found(request, context_id)
    act = Act(
        command="context.edit",
        title=f"{verb} {context}",
        button="Save",
        done=done,
        back=reverse(PAGE, args=[context.pk]),
        back_name="The context",
        about=about,
        is_foreseen=False,
    )
    return acting.page(
        request, act, form, lambda _: {"context": context.public_id, **form.changes()}
    )


def choose_share(request: HttpRequest, context_id: UUID) -> HttpResponse:
    """A solution with which the context is not shared yet."""
    context = _found(request, context_id)
    present = set(ContextShare.objects.filter(context=context).values_list("solution", flat=True))
    return _choose(
        request,
        lambda solution: reverse("admin:context_share", args=[context.pk, solution.pk]),
        title=f"Share {context}",
        when_empty="No solution is left to choose here.",
        back=reverse(PAGE, args=[context.pk]),
        back_name="The context",
        without=present | {context.solution_id},
    )


@recently_proved
def share(request: HttpRequest, context_id: UUID, solution_id: UUID) -> HttpResponse:
    """Let another solution see it."""
    about = "The solution's programs then see the context and its members, and may change them."
    return _shared(request, context_id, solution_id, ("Share", "with", "It is shared.", about))


@recently_proved
def unshare(request: HttpRequest, context_id: UUID, solution_id: UUID) -> HttpResponse:
    """Let it see it no more."""
    about = "The solution's programs see the context no more. Its members stay as they are."
    words = ("Take", "away from", "It is shared no more.", about)
    return _shared(request, context_id, solution_id, words)


def _shared(
    request: HttpRequest, context_id: UUID, solution_id: UUID, words: tuple[str, str, str, str]
) -> HttpResponse:
    context = _found(request, context_id)
    solution: Solution = acting.found(Solution.objects.all(), solution_id)
    verb, preposition, done, about = words
    is_given = verb == "Share"
    act = Act(
        command="context.share" if is_given else "context.unshare",
        title=f"{verb} {context} {preposition} {solution}",
        button="Share the context" if is_given else "Take it away",
        done=done,
        back=reverse(PAGE, args=[context.pk]),
        back_name="The context",
        about=(about,),
        is_dangerous=not is_given,
    )
    details = {"context": context.public_id, "solution": solution.public_id}
    return acting.page(request, act, _confirm(request), lambda _: details)


@recently_proved
def disable(request: HttpRequest, context_id: UUID) -> HttpResponse:
    """Stop it for a while."""
    words = (
        "Disable",
        "The context is disabled.",
        _DISABLED,
    )
    return _switched(request, context_id, "context.disable", words)


@recently_proved
def enable(request: HttpRequest, context_id: UUID) -> HttpResponse:
    """Let it go on."""
    words = (
        "Enable",
        "The context is enabled.",
        "Its members find each other again, and users can be added.",
    )
    return _switched(request, context_id, "context.enable", words)


def _switched(
    request: HttpRequest, context_id: UUID, command: str, words: tuple[str, str, str]
) -> HttpResponse:
    context = _found(request, context_id)
    verb, done, about = words
    act = Act(
        command=command,
        title=f"{verb} {context}",
        button=f"{verb} the context",
        done=done,
        back=reverse(PAGE, args=[context.pk]),
        back_name="The context",
        about=(about,),
        is_dangerous=verb == "Disable",
    )
    return acting.page(request, act, _confirm(request), lambda _: {"context": context.public_id})


@recently_proved
def delete(request: HttpRequest, context_id: UUID) -> HttpResponse:
    """Remove it with its members."""
    context = _found(request, context_id, "contexts:delete")
    shares = ContextShare.objects.filter(context=context).count()
    act = Act(
        command="context.delete",
        title=f"Delete {context}",
        button="Delete the context",
        done="The context is deleted.",
        back=reverse(LIST),
        back_name="Contexts",
        about=("This can't be taken back. With it end:",),
        ends=(
            f"members, with the history of their keys: {context.member_count:,}",
            f"other solutions that it is shared with: {shares:,}",
        ),
        is_dangerous=True,
    )
    return acting.page(request, act, _confirm(request), lambda _: {"context": context.public_id})


def _choose(
    request: HttpRequest,
    address: Callable[[Solution], str],
    *,
    without: set[UUID] | None = None,
    **words: str,
) -> HttpResponse:
    term = request.GET.get("q", "")
    choices = [
        Choice(str(each), each.public_id, address(each))
        for each in finding.solutions(term)
        if each.pk not in (without or ())
    ]
    return acting.choose(
        request,
        choices,
        lead=f"The newest {acting.MOST_CHOICES} solutions; a search finds the others.",
        has_search=True,
        search=term,
        search_label="A solution's name or id",
        when_not_found="No other solution has such a name or id.",
        **words,
    )


def _confirm(request: HttpRequest) -> forms.Form:
    return ConfirmForm(request.POST if request.method == "POST" else None)


def _found(request: HttpRequest, context_id: UUID, permission: str = "contexts:edit") -> Context:
    acting.require(request, permission)
    context: Context = acting.found(Context.objects.select_related("solution"), context_id)
    return context


View = Callable[..., HttpResponse]
_ONE: Final = "<uuid:context_id>"
VIEWS: Final[Mapping[str, tuple[str, View]]] = MappingProxyType(
    {
        "context_solutions": ("new", choose_solution),
        "context_create": ("new/<uuid:solution_id>", create),
        "context_edit": (f"{_ONE}/edit", edit),
        "context_policy": (f"{_ONE}/policy", policy),
        "context_disable": (f"{_ONE}/disable", disable),
        "context_enable": (f"{_ONE}/enable", enable),
        "context_delete": (f"{_ONE}/end", delete),
        "context_solutions_to_share": (f"{_ONE}/shares", choose_share),
        "context_share": (f"{_ONE}/shares/<uuid:solution_id>/add", share),
        "context_unshare": (f"{_ONE}/shares/<uuid:solution_id>/remove", unshare),
    }
)
