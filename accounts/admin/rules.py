"""Rules in the admin: rights as rows, of which custom roles are made."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from accounts.admin import acting, related
from accounts.admin.acting import Act
from accounts.admin.related import MOST, Section, WithRelated
from accounts.models import Role, Rule
from identity import ids
from identity.admin import actor_of, site
from identity.admin.acts import ConfirmForm
from identity.admin.components import Action
from identity.pages.people_forms import RuleForm
from identity.pages.staff_session import recently_proved

_LIST: Final = "admin:accounts_rule_changelist"
_PAGE: Final = "admin:accounts_rule_change"


@admin.register(Rule, site=site)
class RuleAdmin(WithRelated):
    """Each rule is one right."""

    view_permission = "rules:list"
    list_display = ("name", "action", "resource", "proposal_resource", "created_at")
    search_prefixes = ("name",)
    search_help_text = "How a rule's name begins"
    ordering = ("-created_at",)
    lead = "A rule is one right: an action on a resource. Custom roles are made of rules."
    when_empty = "There is no rule yet. Make one for each right that a custom role shall give."
    fields = (
        "public_id",
        "name",
        "description",
        "action",
        "resource",
        "proposal_resource",
        "created_at",
        "made_by",
        "updated_at",
    )
    readonly_fields = ("made_by",)

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """The ways to a new rule and to the roles."""
        by, actions = actor_of(request), []
        if by.may("rules:create"):
            actions.append(Action("Make a rule", reverse("admin:rule_create")))
        if by.may("roles:list"):
            actions.append(Action("Roles", reverse("admin:accounts_role_changelist")))
        return actions

    def object_actions(self, request: HttpRequest, row: Any) -> Sequence[Action]:
        """What can be done with the rule."""
        by, actions = actor_of(request), []
        if by.may("rules:edit"):
            actions.append(Action("Edit", reverse("admin:rule_edit", args=[row.pk])))
        if by.may("rules:delete"):
            url = reverse("admin:rule_delete", args=[row.pk])
            actions.append(Action("Delete", url, is_dangerous=True))
        return actions

    def audit_subject(self, row: Rule) -> str:
        """Rules are known by the id that clients chose."""
        return str(row.public_id)

    def related(self, request: HttpRequest, row: Any) -> Sequence[Section]:
        """The roles that it is part of."""
        if not actor_of(request).may("roles:list"):
            return ()
        roles = Role.objects.filter(role_rules__rule=row).order_by("id")[:MOST]
        cells = [
            (
                related.link(reverse("admin:accounts_role_change", args=[role.pk]), role.name),
                related.status(role.status),
            )
            for role in roles
        ]
        empty = "No role has this rule, so it gives nobody anything."
        return [Section("Part of these roles", ("Role", "Status"), cells, empty)]

    @admin.display(description="made by")
    def made_by(self, rule: Rule) -> str:
        """Who made it."""
        return related.maker(rule.created_by)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of acts."""
        wrap = self.admin_site.admin_view
        one = "<uuid:rule_id>"
        return [
            path("new/", wrap(never_cache(create)), name="rule_create"),
            path(f"{one}/edit/", wrap(never_cache(edit)), name="rule_edit"),
            path(f"{one}/end/", wrap(never_cache(delete)), name="rule_delete"),
            *super().get_urls(),
        ]


@recently_proved
def create(request: HttpRequest) -> HttpResponse:
    """Make a rule."""
    acting.require(request, "rules:create")
    form = RuleForm(request.POST or None)
    act = Act(
        command="rule.create",
        title="Make a rule",
        button="Make the rule",
        done="The rule is made. It gives nothing before a role has it.",
        back=reverse(_LIST),
        back_name="Rules",
        is_foreseen=False,
    )
    return acting.page(request, act, form, lambda _: {"rule": str(ids.new()), **form.changes()})


@recently_proved
def edit(request: HttpRequest, rule_id: UUID) -> HttpResponse:
    """Change it, and with it every role that has it."""
    acting.require(request, "rules:edit")
    rule = _found(rule_id)
    right = f"{rule.resource} {rule.action}"
    initial = {
        "name": rule.name,
        "description": rule.description,
        "right": right,
        "proposal_resource": rule.proposal_resource,
    }
    form = RuleForm(request.POST or None, initial=initial, present=right)
    act = Act(
        command="rule.edit",
        title=f"Edit {rule.name}",
        button="Save",
        done="The rule is changed.",
        back=reverse(_PAGE, args=[rule.pk]),
        back_name="The rule",
        about=("Every role that has it, and everybody who holds one, gets the changed right.",),
        is_foreseen=False,
    )
    return acting.page(
        request, act, form, lambda _: {"rule": str(rule.public_id), **form.changes()}
    )


@recently_proved
def delete(request: HttpRequest, rule_id: UUID) -> HttpResponse:
    """Remove a rule that no role has."""
    acting.require(request, "rules:delete")
    rule = _found(rule_id)
    act = Act(
        command="rule.delete",
        title=f"Delete {rule.name}",
        button="Delete the rule",
        done="The rule is deleted.",
        back=reverse(_LIST),
        back_name="Rules",
        about=("Only a rule that no role has can be deleted: take it out of the roles first.",),
        is_dangerous=True,
    )
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: {"rule": str(rule.public_id)})


def _found(rule_id: UUID) -> Rule:
    rule: Rule = acting.found(Rule.objects.all(), rule_id)
    return rule
