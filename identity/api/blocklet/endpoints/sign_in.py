"""Signing in: by a wallet's own signature, or by the word of the application's server."""

from dataclasses import replace
from typing import Final
from uuid import UUID

import msgspec

from accounts.queries import profiles
from accounts.queries.profiles import ProfileRow, RoleCredentialRow
from accounts.services import profiles as arriving
from accounts.services import role_credentials
from accounts.services.profiles import Newcomer
from accounts.services.wallets import Key
from identity.api.blocklet import application, begun, errors, inputs, outputs, replies, tokens
from identity.api.blocklet.endpoints.session import origin
from identity.api.blocklet.route import BACKEND, OPEN, Asked, Route
from identity.api.blocklet.tokens import Held, Pair
from identity.errors import Invalid, Missing
from identity.services import scopes
from identity.web.lane import Answer
from sessions_app.errors import SignInRefused, SignUpClosed
from sessions_app.services import app_sign_in, sessions, wallet_sign_in
from sessions_app.services.app_sign_in import Vouched
from sessions_app.services.sessions import Origin, Proof
from sessions_app.services.wallet_sign_in import Token

_REVOKED: Final = "Your have been revoked access to this blocklet"


class ByWallet(msgspec.Struct, rename="camel"):
    """`POST user/loginByWallet`."""

    user_did: str
    user_pk: str
    signature: str
    wallet_os: str = msgspec.field(name="walletOS")
    challenge: str
    component_id: str
    visitor_id: str | None = None
    passport_id: str | None = None
    inviter: str | None = None
    locale: str | None = None


class ByServer(msgspec.Struct, rename="camel"):
    """`POST user/login`: a wallet's `did` and `pk`, or a provider's `id` and `email`."""

    full_name: str
    provider: str = "wallet"
    did: str | None = None
    pk: str | None = None
    id: str | None = None
    email: str | None = None
    avatar: str | None = None
    inviter: str | None = None
    locale: str = "en"
    update_info: bool = True
    visitor_id: str | None = None


def by_wallet(asked: Asked) -> Answer:
    """A wallet signed for this challenge; whoever holds it is signed in, or joins."""
    body, now = asked.body, asked.now
    visitor = asked.sent.new_visitor(body.visitor_id or "")
    address = inputs.address(body.user_did, name="userDid")
    public = inputs.public_key(body.user_pk)
    token = Token(address.text, public.base58, body.signature, body.challenge, body.wallet_os)
    pid = application.permanent(now=now)
    with wallet_sign_in.remembered(address.text, origin(asked), now=now):
        key = wallet_sign_in.prove_token(token, audience=pid, now=now)
    newcomer = Newcomer(
        source="wallet",
        locale=inputs.language_if_any(asked.locale),
        inviter=body.inviter or asked.query.get("inviter", ""),
        address=asked.sent.address,
    )
    try:
        user = wallet_sign_in.person(key, newcomer, now=now)
    except SignUpClosed:
        raise Missing("User does not exist") from None
    try:
        wallet_sign_in.admit(user, origin=origin(asked), now=now)
    except SignInRefused:
        raise errors.said(_REVOKED, status=403) from None
    credential = begun.chosen(profiles.role_credentials(user.id, now=now), body.passport_id or "")
    if credential is not None:
        role_credentials.note_used(credential.id, now=now)
    proof = replace(wallet_sign_in.proof_of(key), provider_name="wallet")
    _, pair = _begun(asked, user.id, proof, visitor=visitor, credential=credential)
    return replies.json(
        {
            "sessionToken": pair.access,
            "refreshToken": pair.refresh,
            "challenge": body.challenge,
            "visitorId": visitor,
        }
    )


def by_server(asked: Asked) -> Answer:
    """The application's server says who somebody is; it vouches for guests, and for nothing else.

    A provider's account is one of this application's own name space: it never is, and never
    becomes, the account that the real provider's sign-in leads to.
    """
    body, now = asked.body, asked.now
    if not asked.sent.headers.get("x-blocklet-component-id"):
        raise Invalid("componentId is required when login user")
    visitor = asked.sent.new_visitor(body.visitor_id or "")
    vouched = _vouched_for(asked)
    try:
        user_id = app_sign_in.person(vouched, now=now)
    except SignInRefused:
        raise errors.said(_REVOKED, status=403) from None
    proof = replace(app_sign_in.proof_of(vouched), wallet_os="api")
    row, pair = _begun(asked, user_id, proof, visitor=visitor, credential=None)
    return replies.json(
        {
            "user": outputs.user(row, asked.sent, role_name=""),
            "token": pair.access,
            "refreshToken": pair.refresh,
            "visitorId": visitor,
        }
    )


def _vouched_for(asked: Asked) -> Vouched:
    body, pid = asked.body, application.permanent(now=asked.now)
    newcomer = Newcomer(
        full_name=inputs.plain(body.full_name),
        email=(body.email or "").lower(),
        locale=inputs.language_if_any(body.locale),
        source=body.provider,
        inviter=body.inviter or "",
        address=asked.sent.address,
    )
    # A server sends on what a provider told it: a strange picture keeps nobody out.
    given = body.avatar or ""
    avatar = inputs.picture(given) if inputs.is_picture(given) else ""
    if body.provider == "wallet":
        key = _wallet_key(body)
        return Vouched(pid, newcomer, key=key, avatar=avatar, updates=body.update_info)
    missing = next((name for name in ("id", "email") if not getattr(body, name)), None)
    if missing:
        raise Invalid(f'"{missing}" is required')
    return Vouched(pid, newcomer, provider=body.provider, subject=body.id, updates=body.update_info)


def _wallet_key(body: ByServer) -> Key:
    missing = next((name for name in ("did", "pk") if not getattr(body, name)), None)
    if missing:
        raise Invalid(f'"{missing}" is required')
    address = inputs.address(body.did or "", name="did")
    public = inputs.public_key(body.pk or "", or_base64=True)
    return wallet_sign_in.key_of(address.text, public.base58)


def _begun(
    asked: Asked,
    user_id: UUID,
    proof: Proof,
    *,
    visitor: str,
    credential: RoleCredentialRow | None,
) -> tuple[ProfileRow, Pair]:
    """A session for the application, and its first tokens.

    Whoever fetched the tokens is not the browser that will use them: that one is noted when it
    first asks for its session.
    """
    now, settings = asked.now, scopes.settings()
    session = sessions.start(
        user_id=user_id,
        proof=proof,
        origin=Origin(address=asked.sent.address, visitor=visitor),
        audience=application.permanent(now=now),
        lasts=tokens.lasts(settings),
        role=credential.role if credential else "",
        data={tokens.CREDENTIAL: credential.credential_id} if credential else {},
        now=now,
    )
    arriving.note_sign_in(user_id=user_id, address=asked.sent.address, now=now)
    held = Held(
        role=session.role,
        provider=session.provider_name,
        wallet_os=session.wallet_os,
        credential=credential.credential_id if credential else "",
    )
    row = _profile(user_id)
    live = sessions.live(session, scope_slug=asked.slug)
    return row, tokens.pair(live, row, held, now=now, settings=settings)


def _profile(user_id: UUID) -> ProfileRow:
    row = profiles.profile(user_id)
    if row is None:
        raise Missing("User not found")
    return row


ROUTES: Final = (
    Route("POST", "/api/user/login", BACKEND, by_server, body=ByServer),
    Route("POST", "/user/login", BACKEND, by_server, body=ByServer),
    Route("POST", "/api/user/loginByWallet", OPEN, by_wallet, body=ByWallet),
)
