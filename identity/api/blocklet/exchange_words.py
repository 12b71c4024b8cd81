"""What is said to wallets in an exchange: signed by the application, as they are used to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from identity import queries as ground
from identity.api.blocklet import application, outputs, passports, wording
from identity.api.blocklet.sent import ROOT
from identity.crypto import did_address, wallet_jwt, wallet_keys
from identity.crypto.did_address import Role
from identity.services import token_keys
from sessions_app.services import tokens
from sessions_app.services.exchanges import Exchanged

WALLET_PAGE: Final = "https://abtwallet.io/i/"
"""Where phones know that a wallet should open; wallets read only what stands behind it."""
DOES: Final[Mapping[str, str]] = {
    "login": "sign in to",
    "invite": "accept an invitation to",
    "bind-wallet": "add this wallet to an account of",
    "verify-elevated": "confirm that it is you at",
    "destroy-self": "confirm the end of your account at",
    "switch-passport": "change your role at",
    "issue-passport": "receive a passport of",
}
_SYSTEMS: Final = (
    ("android", "android"),
    ("iphone", "ios"),
    ("ipad", "ios"),
    ("ipod", "ios"),
)


def wallet_os(user_agent: str) -> str:
    """The system that a wallet runs on, by what it calls itself; "" where it doesn't say."""
    agent = user_agent.lower()
    if found := next((word for part, word in _SYSTEMS if part in agent), ""):
        return found
    return "web" if agent.startswith(("arcwallet", "abtwallet")) else ""


def auth_url(slug: str, action: str, token: str) -> str:
    """Where a wallet asks and answers: on the configured host, whatever the request named."""
    return f"{tokens.issuer(slug)}{ROOT}/api/did/{action}/auth?_t_={token}"


def scanned_url(slug: str, action: str, token: str) -> str:
    """What the page shows as a QR code."""
    inner = quote(auth_url(slug, action, token), safe="")
    return f"{WALLET_PAGE}?action=requestAuth&url={inner}"


def app_info(slug: str, *, now: datetime) -> dict[str, Any]:
    """The application as wallets show it."""
    scope, link = ground.scope(), f"{tokens.issuer(slug)}/"
    return {
        "name": scope.name,
        "description": scope.name,
        "icon": f"{link}favicon.ico",
        "link": link,
        "path": WALLET_PAGE,
        "publisher": f"{did_address.PREFIX}{application.identity(now=now).did}",
    }


def request(found: Exchanged, *, slug: str, token: str, now: datetime) -> dict[str, Any]:
    """The next question to the wallet: who it is, or what its owner wants to be called."""
    return _signed(
        {
            "action": "responseAuth",
            "challenge": found.challenge,
            "appInfo": app_info(slug, now=now),
            "chainInfo": {"type": "arcblock", "id": "none", "host": "none"},
            "requestedClaims": [_claim(found, now=now)],
            "url": auth_url(slug, found.action, token),
        },
        now=now,
    )


def done(response: Mapping[str, Any], *, slug: str, now: datetime) -> dict[str, Any]:
    """The last word: everything is well."""
    claims = {
        "action": "responseAuth",
        "appInfo": app_info(slug, now=now),
        "status": "ok",
        "response": {"status": "ok", **response},
    }
    return _signed(claims, now=now)


def fault(text: str, *, slug: str, now: datetime) -> dict[str, Any]:
    """The last word: it did not work out."""
    claims = {
        "action": "responseAuth",
        "appInfo": app_info(slug, now=now),
        "status": "error",
        "errorMessage": text,
        "response": {"status": "error", "errorMessage": text},
    }
    return _signed(claims, now=now)


def _claim(found: Exchanged, *, now: datetime) -> dict[str, Any]:
    scope, is_chinese = ground.scope().name, wording.is_chinese(language(found))
    if found.step == 0:
        text = _prompt(found, scope)
        claim: dict[str, Any] = {"type": "authPrincipal", "description": text, "meta": {}}
        if found.wanted_wallet:
            claim["target"] = found.wanted_wallet
        return claim
    if found.action == "switch-passport":
        return {
            "type": "verifiableCredential",
            "description": wording.PASSPORT_IN_CHINESE.format(scope)
            if is_chinese
            else f"The passport to use at {scope}",
            "item": [passports.TYPE],
            "trustedIssuers": passports.issuers(now=now),
            "meta": {},
        }
    text = wording.NAME_IN_CHINESE.format(scope) if is_chinese else f"How {scope} may call you"
    return {"type": "profile", "description": text, "items": ["fullName", "avatar"], "meta": {}}


def language(found: Exchanged) -> str:
    """The one of the page that began."""
    return str(found.data.get("locale", "")) or wording.ENGLISH


def _prompt(found: Exchanged, scope: str) -> str:
    """People may be shown another's code: they read here what they agree to, and for whom."""
    asker = found.origin.user_agent[:120]
    if wording.is_chinese(language(found)):
        return wording.chinese_prompt(found.action, scope, found.origin.address, asker)
    what = DOES.get(found.action, "continue at")
    asker = asker or "a program"
    return f"You are about to {what} {scope}, asked from {found.origin.address} by {asker}."


def _signed(claims: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    secret = token_keys.application(now=now)
    key = wallet_keys.PrivateKey(secret, wallet_keys.public_of(secret.public.raw))
    issuer = did_address.parse(key.public.address(Role.APPLICATION))
    token = wallet_jwt.sign(key, claims, issuer=issuer, now=int(now.timestamp()))
    return {"appPk": key.public.base58, "authInfo": token}


def public_key(found: Exchanged) -> str | None:
    """The wallet's key as wallets write it; they never sign in with a key that is not of theirs."""
    return outputs.key(found.wallet_key)
