"""The token endpoint of applications (RFC 6749 §3.2): codes and refresh tokens for pairs of tokens.

Its refusals are those of RFC 6749 §5.2, which every OAuth library reads, and no problem details.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from identity import queries as ground
from identity.api.v1 import pairs, route
from identity.api.v1.oauth_refusals import TokenRefusal, refused
from identity.api.v1.route import FORM, OPEN, Asked, Reply
from identity.api.v1.shapes import Body, Shown
from identity.errors import DomainError, Kind
from identity.services import scopes
from sessions_app.errors import TokenRefused
from sessions_app.queries import applications
from sessions_app.services import authorization_codes, rotation, sessions, tokens
from sessions_app.services.tokens import Live

_NEEDED: Final[Mapping[str, Sequence[str]]] = {
    "authorization_code": ("client_id", "code", "redirect_uri", "code_verifier"),
    "refresh_token": ("client_id", "refresh_token"),
}


class TokenRequest(Body, frozen=True, forbid_unknown_fields=False):
    """A grant of an application. What else a client library sends is passed over (§3.2)."""

    grant_type: str
    client_id: str = ""
    code: str = ""
    redirect_uri: str = ""
    code_verifier: str = ""
    refresh_token: str = ""


class TokenAnswer(Shown, frozen=True):
    """A pair of tokens (§5.1). The audience of both is the application."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str


@route.act(
    "POST",
    "/token",
    OPEN,
    "token",
    "Tokens for an application: for a code, or for a refresh token",
    body=TokenRequest,
    shows=TokenAnswer,
    takes=FORM,
    is_alone=True,
    is_for_pages=True,
    refuses=TokenRefusal,
)
def grant(asked: Asked) -> Reply:
    """A code is redeemed once, by whoever has its verifier; a refresh token is spent once."""
    given: TokenRequest = asked.body
    needed = _NEEDED.get(given.grant_type)
    if needed is None:
        return refused("unsupported_grant_type")
    missing = [name for name in needed if not getattr(given, name)]
    if missing:
        return refused("invalid_request", f"Missing: {', '.join(missing)}.")
    by = _by_code if given.grant_type == "authorization_code" else _by_refresh
    try:
        return _granted(by(asked, given), given, asked)
    except DomainError as refusal:
        if refusal.kind not in {Kind.UNAUTHENTICATED, Kind.FORBIDDEN}:
            raise
    is_known = applications.active_by_text(given.client_id) is not None
    return refused("invalid_grant" if is_known else "invalid_client")


def _by_code(asked: Asked, given: TokenRequest) -> Live:
    session = authorization_codes.redeem(
        code=given.code,
        client_id=given.client_id,
        redirect_uri=given.redirect_uri,
        code_verifier=given.code_verifier,
        origin=pairs.origin(asked.sent),
        now=asked.now,
    )
    return sessions.live(session, scope_slug=ground.scope().slug)


def _by_refresh(asked: Asked, given: TokenRequest) -> Live:
    # Who is disabled gets no tokens, whatever became of its sessions.
    if applications.active_by_text(given.client_id) is None:
        raise TokenRefused
    renewed = rotation.redeem(
        given.refresh_token,
        audience=given.client_id,
        origin=pairs.origin(asked.sent),
        now=asked.now,
    )
    return renewed.live


def _granted(live: Live, given: TokenRequest, asked: Asked) -> Reply:
    seconds = scopes.settings().access_minutes * 60
    claims = {"client_id": given.client_id}  # RFC 9068 §2.2
    answer = TokenAnswer(
        access_token=tokens.access(live, seconds=seconds, claims=claims, now=asked.now),
        token_type="Bearer",  # noqa: S106 RFC 6750, a word
        expires_in=min(seconds, int((live.expires_at - asked.now).total_seconds())),
        refresh_token=tokens.refresh(live, now=asked.now),
    )
    return Reply(answer, headers={"Cache-Control": "no-store"})


ROUTES: Final = (grant,)
