"""With what a user signs, on the user's page: passkeys, account, DIDs, lambdas, and their pages."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

from django.urls import reverse

from accounts.admin import related
from accounts.admin.related import Section
from accounts.models import DidDocument, Lambda, Passkey, User
from accounts.queries import managed_keys
from identity.actor import Actor

_NONE = "none"


def sections(user: User, by: Actor) -> Sequence[Section]:
    """One table of what the reader may know of; nothing for who may know of none."""
    rows = list(_rows(user, by))
    if not rows:
        return ()
    return (Section(title="Keys and lambdas", columns=("What", "There is"), rows=rows),)


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
