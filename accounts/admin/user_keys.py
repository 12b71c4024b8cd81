"""With what a user signs, on the user's page: user keys, passkeys, account, DIDs, lambdas."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from accounts.admin import acting, related
from accounts.admin.acting import Act
from accounts.admin.related import Section
from accounts.admin.user_acts import PAGE, living
from accounts.models import DidDocument, Lambda, Passkey, User
from accounts.queries import managed_keys
from accounts.queries import user_keys as queries
from identity.actor import Actor
from identity.admin import components
from identity.admin.acts import ReasonForm
from identity.errors import Missing
from identity.pages.staff_session import recently_proved

_NONE = "none"


def sections(user: User, by: Actor) -> Sequence[Section]:
    """One table of what the reader may know of; nothing for who may know of none."""
    rows = list(_rows(user, by))
    if not rows:
        return ()
    counted = Section(title="Keys and lambdas", columns=("What", "There is"), rows=rows)
    return (_user_keys(user, by), counted) if by.may("passkeys:list") else (counted,)


def _user_keys(user: User, by: Actor) -> Section:
    may_remove = by.may("passkeys:delete")

    def cells(row: queries.UserKey) -> Sequence[str]:
        found = [components.copyable(row.public_key), components.moment(row.added_at)]
        if may_remove:
            url = reverse("admin:user_key_remove", args=[user.pk, row.id])
            found.append(related.act_link(url, "Remove", row.public_key))
        return found

    return Section(
        title="User keys",
        columns=("Public key", "Added", *(("",) if may_remove else ())),
        rows=[cells(row) for row in queries.of(user.pk)],
        when_empty="No key of the user's own device signs it in.",
    )


def _rows(user: User, by: Actor) -> Iterator[Sequence[str]]:
    if by.may("passkeys:list"):
        count = Passkey.objects.filter(user=user).count()
        yield "Passkeys", _counted(count, "admin:accounts_passkey_changelist", user)
    if by.may("managed-keys:list"):
        yield "Ethereum account", _account(user, by)
    if by.may("dids:list"):
        count = DidDocument.objects.filter(user=user).count()
        yield "DIDs", _counted(count, "admin:accounts_diddocument_changelist", user)
    if by.may("lambdas:list"):
        count = Lambda.objects.filter(user=user).count()
        yield "Lambdas", _counted(count, "admin:accounts_lambda_changelist", user)


def _counted(count: int, page: str, user: User) -> str:
    if not count:
        return _NONE
    # Searched by the name, which the list shows and lets go of again.
    return related.link(f"{reverse(page)}?{urlencode({'q': user.username})}", f"{count:,}")


def _account(user: User, by: Actor) -> str:
    account = managed_keys.of_user(user.pk)
    if account is None:
        return _NONE
    if not by.may("managed-keys:get"):
        return account.address
    return related.link(
        reverse("admin:accounts_managedkey_change", args=[account.id]), account.address
    )


@recently_proved
def remove(request: HttpRequest, user_id: UUID, user_key_id: UUID) -> HttpResponse:
    """Ask why, then remove a user key or propose that."""
    acting.require(request, "passkeys:delete")
    user = living(user_id)
    row = _found(user, user_key_id)
    act = Act(
        command="user-key.remove",
        title=f"Remove a user key of {user.username}",
        button="Remove the user key",
        done="The user key is removed.",
        back=reverse(PAGE, args=[user.pk]),
        back_name="The user",
        about=(
            f"The key {row.public_key} signs nobody in from then on.",
            "Contexts in which it is a member's key go on knowing it until it is replaced there.",
        ),
        ends=(
            "Sessions that began with it end.",
            "If it was the last way to sign in, the user needs an invitation to come back.",
        ),
        is_dangerous=True,
    )
    named = {"user": str(user.public_id), "user_key": str(user_key_id)}
    form = ReasonForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda data: {**named, "reason": data.get("reason", "")})


def _found(user: User, key_id: UUID) -> queries.UserKey:
    try:
        return queries.one(user.pk, key_id)
    except Missing:
        raise Http404 from None


VIEWS: Final[Mapping[str, tuple[str, Callable[..., HttpResponse]]]] = MappingProxyType(
    {"user_key_remove": ("user-keys/<uuid:user_key_id>/remove", remove)}
)
