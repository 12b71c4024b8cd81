"""Signing in with a wallet: a text to sign, then its signature for a pair of tokens."""

from typing import Annotated, Final
from uuid import UUID

import msgspec

from accounts.services.profiles import Newcomer
from identity import queries as ground
from identity.api.v1 import pairs, route
from identity.api.v1.pairs import Pair
from identity.api.v1.route import OPEN, Asked
from identity.api.v1.shapes import Body, Shown
from sessions_app.services import tokens, wallet_messages, wallet_sign_in
from sessions_app.services.wallet_messages import Place

Text = Annotated[str, msgspec.Meta(max_length=8192)]


class Account(Body, frozen=True):
    """An account of a wallet: an address of Ethereum or Solana, a `did:key` or a `did:pkh`.

    `chain` is a CAIP-2 name (`eip155:1`) where the address does not say it. An application that
    signs people in on its own pages sends its id and the registered address of that page.
    """

    address: Annotated[str, msgspec.Meta(max_length=200)]
    chain: Annotated[str, msgspec.Meta(max_length=41)] = ""
    application: UUID | None = None
    uri: Annotated[str, msgspec.Meta(max_length=2048)] = ""


class TextToSign(Shown, frozen=True):
    """The text to sign: for a wallet as CAIP-122 and ERC-4361 write it, for a user key JSON.

    `expires_in` is in seconds.
    """

    message: str
    expires_in: int


class SignedText(Body, frozen=True):
    """The text as it was given, and the wallet's signature over it.

    Ethereum's are 0x-hex with recovery (`personal_sign`), Solana's Base58, those of a `did:key` `z`
    and Base58.
    """

    message: Text
    signature: Annotated[str, msgspec.Meta(max_length=512)]


@route.act(
    "POST",
    "/sign-in/wallet/challenge",
    OPEN,
    "sign_in_wallet_challenge",
    "A text for a wallet to sign; good once, for five minutes",
    body=Account,
    shows=TextToSign,
)
def challenge(asked: Asked) -> TextToSign:
    """Bound to the account, the scope and the page."""
    given: Account = asked.body
    place = Place(f"{tokens.issuer(ground.scope().slug)}/login")
    if given.application is not None:
        place = wallet_messages.place_of(given.application, given.uri)
    message = wallet_messages.text_to_sign(
        address=given.address, chain=given.chain, place=place, now=asked.now
    )
    return TextToSign(message, int(wallet_messages.LASTS.total_seconds()))


@route.act(
    "POST",
    "/sign-in/wallet",
    OPEN,
    "sign_in_wallet",
    "Sign in with a text that a wallet signed",
    body=SignedText,
    shows=Pair,
    is_alone=True,
)
def sign_in(asked: Asked) -> Pair:
    """The pair of tokens of a new session; newcomers only where the scope lets them join."""
    given: SignedText = asked.body
    origin = pairs.origin(asked.sent)
    key = wallet_messages.prove(given.message, given.signature, origin=origin, now=asked.now)
    newcomer = Newcomer(source="wallet", address=asked.sent.address)
    user = wallet_sign_in.admitted(key, newcomer, origin=origin, now=asked.now)
    return pairs.begin(asked, user.id, wallet_sign_in.proof_of(key))


ROUTES: Final = (challenge, sign_in)
"""Open to everybody: what is sent is the proof."""
