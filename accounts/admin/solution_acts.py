"""What staff do with solutions, each on a page of its own and through the one door."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.admin import acting
from accounts.admin.acting import Act
from accounts.admin.context_forms import SolutionForm
from accounts.models import Solution
from identity.actor import Actor
from identity.admin.acts import ConfirmForm
from identity.admin.components import Action
from identity.pages.staff_session import recently_proved

LIST: Final = "admin:accounts_solution_changelist"
PAGE: Final = "admin:accounts_solution_change"
_EMPTY_ONLY: Final = (
    "Only a solution without contexts can be deleted, borrowed ones included: delete or unshare "
    "them first."
)


def offered(solution: Solution, *, by: Actor) -> Sequence[Action]:
    """The buttons on a solution's page."""
    actions = []
    if by.may("solutions:edit"):
        actions.append(Action("Rename", reverse("admin:solution_edit", args=[solution.pk])))
    if by.may("solutions:delete"):
        url = reverse("admin:solution_delete", args=[solution.pk])
        actions.append(Action("Delete", url, is_dangerous=True))
    return actions


@recently_proved
def create(request: HttpRequest) -> HttpResponse:
    """Make a solution without contexts."""
    acting.require(request, "solutions:create")
    form = SolutionForm(request.POST or None)
    act = Act(
        command="solution.create",
        title="Make a solution",
        button="Make the solution",
        done="The solution is made. Make a context in it next.",
        back=reverse(LIST),
        back_name="Solutions",
        is_foreseen=False,
    )
    return acting.page(request, act, form, lambda data: {"solution": str(uuid4()), **data})


@recently_proved
def edit(request: HttpRequest, solution_id: UUID) -> HttpResponse:
    """Give it another name."""
    acting.require(request, "solutions:edit")
    solution = _found(solution_id)
    form = SolutionForm(request.POST or None, initial={"name": solution.name})
    act = Act(
        command="solution.edit",
        title=f"Rename {solution}",
        button="Save",
        done="The solution is renamed.",
        back=reverse(PAGE, args=[solution.pk]),
        back_name="The solution",
        about=("Programs know it by its id, which stays.",),
        is_foreseen=False,
    )
    return acting.page(
        request, act, form, lambda _: {"solution": solution.public_id, **form.changes()}
    )


@recently_proved
def delete(request: HttpRequest, solution_id: UUID) -> HttpResponse:
    """Remove a solution that has no context."""
    acting.require(request, "solutions:delete")
    solution = _found(solution_id)
    act = Act(
        command="solution.delete",
        title=f"Delete {solution}",
        button="Delete the solution",
        done="The solution is deleted.",
        back=reverse(LIST),
        back_name="Solutions",
        about=(_EMPTY_ONLY,),
        is_dangerous=True,
    )
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: {"solution": solution.public_id})


def _found(solution_id: UUID) -> Solution:
    solution: Solution = acting.found(Solution.objects.all(), solution_id)
    return solution


View = Callable[..., HttpResponse]
_ONE: Final = "<uuid:solution_id>"
VIEWS: Final[Mapping[str, tuple[str, View]]] = MappingProxyType(
    {
        "solution_create": ("new", create),
        "solution_edit": (f"{_ONE}/edit", edit),
        "solution_delete": (f"{_ONE}/end", delete),
    }
)
