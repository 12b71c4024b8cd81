"""Step-up: the caller proves once more who it is, before a dangerous act."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from identity import queries as ground
from identity.actor import Actor, ActorKind
from identity.api.v1 import route
from identity.api.v1.nouns.sessions import Nothing
from identity.api.v1.nouns.sign_in import Code, CodeSent
from identity.api.v1.nouns.sign_in_by_wallet import TextToSign
from identity.api.v1.nouns.user_keys import SignedByKey, UserKey
from identity.api.v1.route import SELF, Asked
from identity.api.v1.shapes import Body, Shown
from identity.errors import Forbidden, Invalid
from sessions_app.services import step_up, tokens, user_key_challenges, wallet_messages
from sessions_app.services.mailed_codes import Asker, Sent
from sessions_app.services.wallet_messages import Place


class WalletProof(Body, frozen=True):
    """A text of /v1/me/step-up/wallet, signed by a wallet of the account."""

    message: Annotated[str, msgspec.Meta(max_length=8192)]
    signature: Annotated[str, msgspec.Meta(max_length=512)]


class PasskeyProof(Body, frozen=True):
    """What the browser made of the options of /v1/me/step-up/passkey."""

    challenge_id: UUID
    credential: dict[str, Any]


class Ceremony(Shown, frozen=True):
    """What goes to the browser: `public_key` as JSON, for one minute and one answer.

    `PublicKeyCredential.parseCreationOptionsFromJSON()` or `parseRequestOptionsFromJSON()` read it.
    """

    challenge_id: UUID
    public_key: dict[str, Any]


class OwnWallet(Body, frozen=True):
    """The address of a wallet of the account."""

    address: Annotated[str, msgspec.Meta(max_length=200)]


class Proof(Body, frozen=True):
    """One of them: password, one-time password or recovery code, mailed code, or what signed."""

    password: Annotated[str, msgspec.Meta(max_length=1024)] | None = None
    one_time_password: Code | None = None
    email_code: Code | None = None
    wallet: WalletProof | None = None
    user_key: SignedByKey | None = None
    passkey: PasskeyProof | None = None


class Proven(Shown, frozen=True):
    """The session has a fresh proof: dangerous acts are open for `fresh_seconds`."""

    session: UUID
    authenticated_at: datetime
    fresh_seconds: int


@route.act(
    "POST",
    "/me/step-up",
    SELF,
    "my_step_up",
    "Prove once more who you are, before a dangerous act",
    body=Proof,
    shows=Proven,
    is_alone=True,
)
def prove(asked: Asked) -> Proven:
    """Whoever has one-time passwords proves with one of them, or with a key."""
    actor = own_account(asked)
    proofs = _given(asked, actor)
    if len(proofs) != 1 or actor.session_id is None:
        raise Invalid("Send one proof, with the token of a session.")
    proofs[0]()
    moment = asked.now.replace(microsecond=0)
    return Proven(actor.session_id, moment, step_up.FRESH_SECONDS)


@route.act(
    "POST",
    "/me/step-up/email",
    SELF,
    "my_step_up_email",
    "Have a code mailed to your verified address, to prove who you are",
    body=Nothing,
    shows=CodeSent,
    status=202,
    is_alone=True,
)
def send_proof(asked: Asked) -> CodeSent:
    """For accounts without one-time passwords."""
    actor = own_account(asked)
    return shown(step_up.send_code(by=actor, asker=asker_of(asked, actor), now=asked.now))


@route.act(
    "POST",
    "/me/step-up/wallet",
    SELF,
    "my_step_up_wallet",
    "A text for a wallet of yours to sign, to prove who you are",
    body=OwnWallet,
    shows=TextToSign,
)
def text_for_wallet(asked: Asked) -> TextToSign:
    """Bound to the session; good once, for five minutes."""
    place = Place(f"{tokens.issuer(ground.scope().slug)}/login")
    actor = own_account(asked)
    text = step_up.text_for_wallet(address=asked.body.address, place=place, by=actor, now=asked.now)
    return TextToSign(text, int(wallet_messages.LASTS.total_seconds()))


@route.act(
    "POST",
    "/me/step-up/user-key",
    SELF,
    "my_step_up_user_key",
    "A text for a user key of yours to sign, to prove who you are",
    body=UserKey,
    shows=TextToSign,
)
def text_for_user_key(asked: Asked) -> TextToSign:
    """Bound to the session; good once, for five minutes."""
    text = step_up.text_for_user_key(
        public_key=asked.body.public_key, by=own_account(asked), now=asked.now
    )
    return TextToSign(text, int(user_key_challenges.LASTS.total_seconds()))


@route.act(
    "POST",
    "/me/step-up/passkey",
    SELF,
    "my_step_up_passkey",
    "Options for a passkey of yours, to prove who you are",
    body=Nothing,
    shows=Ceremony,
)
def begin_passkey(asked: Asked) -> Ceremony:
    """Bound to the session; good once, for a minute."""
    begun = step_up.begin_passkey(by=own_account(asked), now=asked.now)
    return Ceremony(begun.challenge_id, begun.options)


def _given(asked: Asked, actor: Actor) -> list[Callable[[], None]]:
    """How each proof that was sent is checked."""
    given: Proof = asked.body
    proofs: list[Callable[[], None]] = []
    if given.password is not None:
        password = given.password
        proofs.append(lambda: step_up.by_password(password=password, by=actor, now=asked.now))
    if given.one_time_password is not None:
        otp = given.one_time_password
        proofs.append(lambda: step_up.by_one_time_password(code=otp, by=actor, now=asked.now))
    if given.email_code is not None:
        mailed = given.email_code
        asker = asker_of(asked, actor)
        proofs.append(lambda: step_up.by_code(code=mailed, by=actor, asker=asker, now=asked.now))
    if given.wallet is not None:
        text, signature = given.wallet.message, given.wallet.signature
        proofs.append(
            lambda: step_up.by_wallet(message=text, signature=signature, by=actor, now=asked.now)
        )
    if given.user_key is not None:
        signed = given.user_key
        proofs.append(
            lambda: step_up.by_user_key(
                message=signed.message, signature=signed.signature, by=actor, now=asked.now
            )
        )
    if given.passkey is not None:
        sent = given.passkey
        proofs.append(
            lambda: step_up.by_passkey(
                challenge_id=sent.challenge_id,
                credential=sent.credential,
                by=actor,
                now=asked.now,
            )
        )
    return proofs


def own_account(asked: Asked) -> Actor:
    """The caller, who has an account in this scope. Raises Forbidden."""
    actor = asked.caller.actor
    if actor.kind not in {ActorKind.SESSION, ActorKind.DEVICE}:
        raise Forbidden("Staff sets up its own sign-in in the admin, on the page Your sign-in.")
    return actor


def user_id_of(actor: Actor) -> UUID:
    """The caller's user. Raises Forbidden."""
    if actor.user_id is None:
        raise Forbidden("Only who has an account in this scope has a sign-in here.")
    return actor.user_id


def asker_of(asked: Asked, actor: Actor) -> Asker:
    """What a code for somebody who is known is bound to: the session, or the device."""
    mark = actor.session_id or actor.device_id
    return Asker(browser=mark.hex if mark else "", address=asked.sent.address)


def shown(sent: Sent) -> CodeSent:
    """That a code is on its way."""
    return CodeSent(sent.address, sent.expires_at.replace(microsecond=0), sent.resend_after)


ROUTES: Final = (prove, send_proof, text_for_wallet, text_for_user_key, begin_passkey)
