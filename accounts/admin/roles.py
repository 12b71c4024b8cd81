"""Roles in the admin: predefined ones, custom ones, and what each of them allows."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from accounts import queries
from accounts.admin import matrix, related, role_acts
from accounts.admin.related import MOST, Section, WithRelated
from accounts.models import Role, RoleAssignment, Rule
from identity.admin import actor_of, components, site
from identity.admin.components import Action
from identity.permissions import PREDEFINED_ROLES

_MOST_RULES: Final = 200


@admin.register(Role, site=site)
class RoleAdmin(WithRelated):
    """Custom roles, under the predefined ones that every scope has."""

    view_permission = "roles:list"
    change_list_template = "admin/roles.html"
    list_display = ("name", "description", "status_badge", "created_at")
    search_prefixes = ("name",)
    search_help_text = "How a custom role's name begins"
    ordering = ("-created_at",)
    lead = "A role is a set of rights. People and programs hold as many as they need."
    when_empty = "There is no custom role yet. Make rules first, then a role of them."
    fields = ("public_id", "name", "description", "status", "created_at", "made_by", "updated_at")
    readonly_fields = ("made_by",)

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """The ways to a new role and to the rules."""
        by, actions = actor_of(request), []
        if by.may("roles:create"):
            actions.append(Action("Make a role", reverse("admin:role_create")))
        if by.may("rules:list"):
            actions.append(Action("Rules", reverse("admin:accounts_rule_changelist")))
        return actions

    def object_actions(self, request: HttpRequest, row: Any) -> Sequence[Action]:
        """What can be done with the role."""
        return role_acts.offered(row, by=actor_of(request))

    def audit_subject(self, row: Role) -> str:
        """Roles are known by the id that clients chose."""
        return str(row.public_id)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the predefined roles before the custom ones."""
        context = {
            "title": "Roles & rules",
            "predefined": PREDEFINED_ROLES.values(),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def related(self, request: HttpRequest, row: Any) -> Sequence[Section]:
        """What it allows, the rules it is made of, and who holds it."""
        told = queries.role(str(row.public_id))
        sections = [_rights(told)]
        if actor_of(request).may("rules:list"):
            sections.append(_rules(row))
        if actor_of(request).may("users:list"):
            sections.append(_holders(RoleAssignment.objects.filter(role=row)))
        return sections

    @admin.display(description="made by")
    def made_by(self, role: Role) -> str:
        """Who made it."""
        return related.maker(role.created_by)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of predefined roles and of acts."""
        wrap = self.admin_site.admin_view
        shown = wrap(never_cache(self.predefined))
        return [
            path("predefined/<slug:name>/", shown, name="predefined_role"),
            *(
                path(f"{address}/", wrap(never_cache(view)), name=name)
                for name, (address, view) in role_acts.VIEWS.items()
            ),
            *super().get_urls(),
        ]

    def predefined(self, request: HttpRequest, name: str) -> HttpResponse:
        """What a predefined role allows, and who holds it."""
        if not self.may_read(request):
            raise PermissionDenied
        if name not in PREDEFINED_ROLES:
            raise Http404
        role = queries.role(name)
        sections = [_rights(role)]
        if actor_of(request).may("users:list"):
            held = RoleAssignment.objects.filter(predefined=name, role__isnull=True)
            sections.append(_holders(held))
        context = {
            **self.admin_site.each_context(request),
            "title": name,
            "lead": f"{role.description} It is part of Countersign and can't be changed.",
            "back": reverse("admin:accounts_role_changelist"),
            "back_name": "Roles & rules",
            "related": sections,
        }
        return TemplateResponse(request, "admin/predefined_role.html", context)


def _rights(role: queries.RoleRow) -> Section:
    context: Mapping[str, Any] = {"matrix": matrix.of(role.permissions, role.approves)}
    body = render_to_string("admin/components/rights.html", dict(context))
    return Section(title="What it allows", body=body)


def _rules(role: Role) -> Section:
    rows = Rule.objects.filter(role_rules__role=role).order_by("name", "id")[:_MOST_RULES]
    return Section(
        title="Rules",
        columns=("Rule", "Action", "Resource", "Proposals about"),
        rows=[
            (
                related.link(reverse("admin:accounts_rule_change", args=[row.pk]), row.name),
                row.action,
                row.resource,
                row.proposal_resource or components.nothing(),
            )
            for row in rows
        ],
        when_empty="The role has no rule, so it allows nothing.",
    )


def _holders(held: "QuerySet[Any]") -> Section:
    rows = list(held.select_related("user").order_by("user_id")[: MOST + 1])
    title = f"Held by the first {MOST} users" if len(rows) > MOST else "Held by"
    return Section(
        title=title,
        columns=("User", "Status", "Granted"),
        rows=[
            (
                related.link(
                    reverse("admin:accounts_user_change", args=[row.user.pk]), row.user.username
                ),
                related.status(row.user.status),
                components.moment(row.granted_at),
            )
            for row in rows[:MOST]
        ],
        when_empty="Nobody holds it.",
    )
