"""Who works in the admin: in which scope, and as what."""

from django.http import HttpRequest

from identity.actor import Actor


def actor_of(request: HttpRequest) -> Actor:
    """The actor that `admin_view` put on the request."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def in_words(actor: Actor | None) -> str:
    """As what somebody works in a scope."""
    if actor is None:
        return ""
    if actor.is_operator:
        return "a platform operator"
    return ", ".join(sorted(actor.roles)) or "somebody without a role"
