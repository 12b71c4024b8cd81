"""The admin's navigation: what there is, and who sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.urls import NoReverseMatch, reverse

from identity.actor import Actor


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the navigation.

    `address` is the name of its URL; a page that is not mounted is not listed. Whoever has one of
    `permissions` sees it; without any, everybody does. `counts` names the number at its side.
    `also` is the name of a URL whose pages belong to this entry.
    """

    name: str
    address: str
    icon: str
    permissions: tuple[str, ...] = ()
    counts: str = ""
    also: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A page as one person sees it in the navigation."""

    name: str
    url: str
    icon: str
    count: str
    is_current: bool
    also: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Entries under one heading."""

    name: str
    entries: Sequence[Entry]


WAITING: Final = "waiting"

PAGES: Final[Sequence[tuple[str, Sequence[Page]]]] = (
    (
        "Work",
        (
            Page("Dashboard", "admin:index", "space_dashboard"),
            Page(
                "Proposals",
                "admin:invitations_proposal_changelist",
                "how_to_vote",
                ("proposals:list",),
                WAITING,
            ),
            Page(
                "Invitations",
                "admin:invitations_invitation_changelist",
                "mail",
                ("invitations:list",),
            ),
        ),
    ),
    (
        "People",
        (
            Page("Users", "admin:accounts_user_changelist", "person", ("users:list",)),
            Page("Devices", "admin:accounts_device_changelist", "devices", ("devices:list",)),
            Page("Passkeys", "admin:accounts_passkey_changelist", "passkey", ("passkeys:list",)),
            Page("Groups", "admin:accounts_group_changelist", "group", ("groups:list",)),
            Page(
                "Roles & rules",
                "admin:accounts_role_changelist",
                "badge",
                ("roles:list",),
                also="admin:accounts_rule_changelist",
            ),
            Page(
                "Onboardings",
                "admin:accounts_onboarding_changelist",
                "person_add",
                ("onboardings:list",),
            ),
            Page(
                "Registries",
                "admin:accounts_registrymembership_changelist",
                "account_tree",
                ("registries:list",),
            ),
            Page(
                "Role credentials",
                "admin:accounts_rolecredential_changelist",
                "workspace_premium",
                ("role-credentials:list",),
            ),
            Page(
                "Credentials",
                "admin:accounts_credential_changelist",
                "verified",
                ("credentials:list",),
            ),
            Page(
                "Sessions",
                "admin:sessions_app_session_changelist",
                "vpn_key",
                ("sessions:view",),
                also="admin:sessions_app_signin_changelist",
            ),
            Page("Staff", "admin:staff", "support_agent", ("staff:list",)),
        ),
    ),
    (
        "Rules",
        (
            Page("Policies", "admin:invitations_policy_changelist", "rule", ("policies:list",)),
            Page("Providers", "admin:providers", "login", ("providers:list",)),
            Page("Settings", "admin:scope_settings", "tune", ("scopes:get",)),
        ),
    ),
    (
        "Trust",
        (
            Page("Audit", "admin:identity_auditevent_changelist", "history", ("audit:list",)),
            Page("Server keys", "admin:identity_serverkey_changelist", "key", ("server-keys:get",)),
            Page(
                "Managed keys",
                "admin:accounts_managedkey_changelist",
                "account_balance_wallet",
                ("managed-keys:list",),
            ),
            Page("DIDs", "admin:accounts_diddocument_changelist", "fingerprint", ("dids:list",)),
            Page("Mail", "admin:identity_sentmail_changelist", "forward_to_inbox", ("mails:list",)),
        ),
    ),
    (
        "Programs",
        (
            Page("API", "admin:api", "api"),
            Page(
                "Contexts",
                "admin:accounts_context_changelist",
                "hub",
                ("contexts:list",),
                also="admin:accounts_solution_changelist",
            ),
            Page("API keys", "admin:identity_apikey_changelist", "password", ("api-keys:list",)),
            Page("Applications", "admin:applications", "apps", ("applications:list",)),
            Page(
                "Developer keys",
                "admin:identity_developerkey_changelist",
                "badge",
                ("developer-keys:list",),
            ),
            Page("Lambdas", "admin:accounts_lambda_changelist", "bolt", ("lambdas:list",)),
            Page("Webhooks", "admin:webhooks", "webhook", ("webhooks:list",)),
            Page("Remotes", "admin:remotes", "cloud_sync", ("remotes:list",)),
        ),
    ),
    (
        "You",
        (
            Page("Your devices", "admin:own_devices", "phonelink_lock"),
            Page("Your sign-in", "admin:own_sign_in", "lock_person"),
        ),
    ),
)


def of(actor: Actor, *, path: str, counts: dict[str, str]) -> Sequence[Group]:
    """The groups that this person sees; the entry that `path` lies under is the current one."""
    seen = [(name, _seen(pages, actor, counts)) for name, pages in PAGES]
    current = _current([entry for _, entries in seen for entry in entries], path)
    return [
        Group(name, [_marked(entry, is_current=entry is current) for entry in entries])
        for name, entries in seen
        if entries
    ]


def _seen(pages: Sequence[Page], actor: Actor, counts: dict[str, str]) -> Sequence[Entry]:
    entries = []
    for page in pages:
        if page.permissions and not any(actor.may(word) for word in page.permissions):
            continue
        try:
            url = reverse(page.address)
        except NoReverseMatch:
            continue
        also = reverse(page.also) if page.also else ""
        count = counts.get(page.counts, "")
        entries.append(Entry(page.name, url, page.icon, count, False, also))
    return entries


def _current(entries: Sequence[Entry], path: str) -> Entry | None:
    # The dashboard is above every page, so it is current only where nothing else is.
    for entry in entries:
        if entry.also and path.startswith(entry.also):
            return entry
    fitting = [entry for entry in entries if path.startswith(entry.url)]
    return max(fitting, key=lambda entry: len(entry.url), default=None)


def _marked(entry: Entry, *, is_current: bool) -> Entry:
    return Entry(entry.name, entry.url, entry.icon, entry.count, is_current)
