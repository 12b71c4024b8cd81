"""Lambdas in the admin: what signs for whom when nobody is there, how it ran; stopped, removed."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.cache import never_cache

from accounts import errors
from accounts.admin import acting
from accounts.admin.acting import Act
from accounts.admin.related import Section, WithRelated
from accounts.lambdas import config
from accounts.lambdas.config import Code, Config
from accounts.models import Lambda
from accounts.queries import lambdas as queries
from identity.admin import actor_of, components, site
from identity.admin.acts import ConfirmForm
from identity.admin.components import Action
from identity.errors import DomainError
from identity.pages.staff_session import recently_proved
from invitations.queries import hidden_signs

_LIST: Final = "admin:accounts_lambda_changelist"
_PAGE: Final = "admin:accounts_lambda_change"
_WHO: Final = {True: "anybody who knows its id", False: "its owner, signed in"}


@admin.register(Lambda, site=site)
class LambdaAdmin(WithRelated):
    """The lambdas of the scope's users, the newest first."""

    view_permission = "lambdas:list"
    list_display = ("id", "user", "status_badge", "who_runs_it", "runs", "last_executed_at")
    list_filter = ("status",)
    list_select_related = ("user",)
    search_prefixes = ("user__username_folded",)
    search_help_text = "How the owner's user name begins"
    lead = (
        "What users stored to be signed with their keys later, and under which conditions. Settings"
        " say whether users may, and which hosts it calls."
    )
    when_empty = "Nobody has stored a lambda. Users do that by your application or over the API."
    ordering = ("-created_at", "-id")
    readonly_fields = ("who_runs_it", "runs", "calls")
    audit_kind = "lambda"
    fields = (
        *("id", "user", "status", "who_runs_it", "calls", "runs", "last_executed_at"),
        *("created_at", "disabled_at", "config"),
    )

    def object_title(self, row: Lambda) -> str:
        """Whose it is."""
        return f"Lambda of {row.user.username}"

    def object_actions(self, request: HttpRequest, row: Lambda) -> Sequence[Action]:
        """The ends of it."""
        actor, actions = actor_of(request), []
        if row.status == Lambda.Status.ACTIVE and actor.may("lambdas:edit"):
            actions.append(Action("Stop", reverse("admin:lambda_disable", args=[row.pk])))
        if actor.may("lambdas:delete"):
            url = reverse("admin:lambda_remove", args=[row.pk])
            actions.append(Action("Remove", url, is_dangerous=True))
        return actions

    def related(self, request: HttpRequest, row: Any) -> Sequence[Section]:
        """Its code as it was written, and how it ran."""
        del request
        return [
            *_code(config.loaded(row.config)),
            Section(
                title="Executions",
                columns=("Run", "Outcome", "From"),
                rows=[_cells(run) for run in queries.executions(row.pk)],
                when_empty="It has not run yet.",
            ),
        ]

    @admin.display(description="run by")
    def who_runs_it(self, row: Lambda) -> str:
        """Whether its owner has to be there."""
        return _WHO[config.loaded(row.config).is_open]

    @admin.display(description="calls")
    def calls(self, row: Lambda) -> str:
        """The hosts that it may call."""
        return ", ".join(config.loaded(row.config).hosts) or "nobody"

    @admin.display(description="runs")
    def runs(self, row: Lambda) -> str:
        """How often it ran and may run."""
        most = f" of {row.max_executions:,}" if row.max_executions else ""
        return f"{row.total_executions:,}{most}, {row.ok_executions:,} signed"

    def get_urls(self) -> list[URLPattern]:
        """With the pages of acts."""
        wrap = self.admin_site.admin_view
        one = "<uuid:lambda_id>/"
        return [
            path(f"{one}disable/", wrap(never_cache(disable)), name="lambda_disable"),
            path(f"{one}remove/", wrap(never_cache(remove)), name="lambda_remove"),
            *super().get_urls(),
        ]


@recently_proved
def disable(request: HttpRequest, lambda_id: UUID) -> HttpResponse:
    """Ask once, then stop it for ever, or propose that."""
    acting.require(request, "lambdas:edit")
    row: Lambda = acting.found(Lambda.objects.select_related("user"), lambda_id)
    act = Act(
        command="lambda.disable",
        title=f"Stop the lambda of {row.user.username}",
        button="Stop it",
        done="The lambda is stopped.",
        back=reverse(_PAGE, args=[row.pk]),
        back_name="The lambda",
        about=(
            "It signs nothing any more, from the next run on, and can't be let run again.",
            "Its configuration and its history stay.",
        ),
        is_dangerous=True,
    )
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: {"lambda_id": str(lambda_id)})


@recently_proved
def remove(request: HttpRequest, lambda_id: UUID) -> HttpResponse:
    """Ask once, then remove it with its history, or propose that."""
    acting.require(request, "lambdas:delete")
    row: Lambda = acting.found(Lambda.objects.select_related("user"), lambda_id)
    act = Act(
        command="lambda.remove",
        title=f"Remove the lambda of {row.user.username}",
        button="Remove it",
        done="The lambda is removed.",
        back=reverse(_LIST),
        back_name="Lambdas",
        about=(
            "It signs nothing any more, and its history goes with it.",
            "The audit record keeps what it signed.",
        ),
        is_dangerous=True,
    )
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: {"lambda_id": str(lambda_id)})


def _code(read: Config) -> list[Section]:
    """Each condition of code with its line breaks, by its place among all of them from 0 on."""
    return [
        Section(
            title=f"Code of condition {place}",
            body=render_to_string(
                "admin/components/code.html",
                {"text": hidden_signs.shown(each.code), "name": "", "id": f"code-{place}"},
            ),
        )
        for place, each in enumerate(read.conditions)
        if isinstance(each, Code)
    ]


def _why(reason: str) -> str:
    """A refusal in words; its code too, under which the documentation has it."""
    if reason == errors.NOT_COMPILED:
        return f"The code did not compile ({reason})"
    known = DomainError.registry.get(reason)
    return f"{known.title.rstrip('.')} ({reason})" if known else reason


def _cells(run: queries.ExecutionRow) -> Sequence[str]:
    hooks = f"calls: {run.hooks_sent} taken, {run.hooks_failed} failed"
    about = hooks if run.hooks_sent or run.hooks_failed else _why(run.reason)
    address = format_html('<span class="wrapped">{}</span>', run.address)
    return (
        format_html("{}: {}", f"{run.number:,}", components.moment(run.began_at)),
        format_html('{} <span class="sentence">{}</span>', components.badge(run.outcome), about),
        address if run.address else components.nothing(),
    )
