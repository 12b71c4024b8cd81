"""Each kind of provider, against its answers as they are documented; only the network is a fake."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.cache import cache

from accounts import social
from accounts.social.base import Declined
from identity import ids
from identity.web import fetcher
from identity.web.fetcher import Answer
from sessions_app.errors import ProviderUnusable
from sessions_app.services import provider_kinds
from sessions_app.services.provider_sign_in import Round

KEY = ec.generate_private_key(ec.SECP256R1())
CODE = {"code": "of-the-provider"}
TENANT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"


class Network:
    """Answers by method and address without its query; keeps what was sent."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.sent: dict[str, dict[str, str]] = {}
        self.headers: dict[str, Mapping[str, str]] = {}

    def fetch(
        self, method: str, url: str, *, body: bytes, headers: Mapping[str, str], **_: Any
    ) -> Answer:
        address = f"{method} {url.partition('?')[0]}"
        self.sent[address] = dict(parse_qsl(body.decode()))
        self.headers[address] = headers
        found = self.answers.get(address)
        told = found() if callable(found) else found
        status = 404 if told is None else 200
        return Answer(
            status, {"content-type": "application/json"}, json.dumps(told).encode(), False
        )


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    cache.clear()
    made = Network()
    monkeypatch.setattr(fetcher, "fetch", made.fetch)
    return made


def asked(kind: str, secret: str = "of-the-client", **options: str) -> Round:
    return Round(
        provider_id=ids.new(),
        slug=kind,
        kind=kind,
        issuer=provider_kinds.issuer(kind, "", options),
        client_id="client",
        options=options,
        return_address=f"https://id.example.org/s/acme/login/back/{kind}",
        secret=secret,
        state="state-of-the-round",
        nonce="nonce-of-the-round",
        verifier="v" * 43,
    )


def query(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


def publish(network: Network, issuer: str, published: str = "", **more: Any) -> None:
    """A provider's documents, at its issuer."""
    network.answers[f"GET {issuer}/.well-known/openid-configuration"] = {
        "issuer": published or issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        **more,
    }
    public = json.loads(jwt.get_algorithm_by_name("ES256").to_jwk(KEY.public_key()))
    network.answers[f"GET {issuer}/keys"] = {"keys": [{**public, "kid": "1", "use": "sig"}]}


def token(issuer: str, **claims: Any) -> Callable[[], dict[str, Any]]:
    def made() -> dict[str, Any]:
        now = int(time.time())
        told = {
            "iss": issuer,
            "aud": "client",
            "iat": now,
            "exp": now + 60,
            "nonce": "nonce-of-the-round",
            "sub": "subject",
            **claims,
        }
        signed = jwt.encode(told, KEY, algorithm="ES256", headers={"kid": "1"})
        return {"access_token": "access", "token_type": "Bearer", "id_token": signed}

    return made


@pytest.mark.parametrize("kind", ["google", "gitlab"])
def test_openid_connect_of_well_known_providers(network: Network, kind: str) -> None:
    round_ = asked(kind)
    publish(network, round_.issuer)
    told = query(social.address(round_))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode()
    assert told["code_challenge"] == challenge
    assert (told["state"], told["nonce"]) == (round_.state, round_.nonce)
    assert told["scope"] == "openid profile email"
    claims = {"email": "a@example.org", "email_verified": True, "name": "Alice"}
    network.answers[f"POST {round_.issuer}/token"] = token(round_.issuer, **claims)
    found = social.prove(round_, CODE)
    assert (found.issuer, found.subject) == (round_.issuer, "subject")
    assert (found.email, found.is_email_verified, found.name) == ("a@example.org", True, "Alice")
    sent = network.sent[f"POST {round_.issuer}/token"]
    assert (sent["code_verifier"], sent["client_secret"]) == ("v" * 43, "of-the-client")


def test_a_secret_goes_into_the_header_where_the_body_is_not_for_it(network: Network) -> None:
    round_ = asked("google", secret="a:b c")
    publish(network, round_.issuer, token_endpoint_auth_methods_supported=["client_secret_basic"])
    network.answers[f"POST {round_.issuer}/token"] = token(round_.issuer, email="a@example.org")
    social.prove(round_, CODE)
    address = f"POST {round_.issuer}/token"
    basic = base64.b64encode(b"client:a%3Ab+c").decode()
    assert network.headers[address]["Authorization"] == f"Basic {basic}"
    assert "client_secret" not in network.sent[address]


class TestMicrosoft:
    def test_one_directory(self, network: Network) -> None:
        round_ = asked("microsoft", tenant=TENANT)
        assert round_.issuer == f"https://login.microsoftonline.com/{TENANT}/v2.0"
        publish(network, round_.issuer)
        claims = {"email": "a@example.org", "email_verified": True, "tid": TENANT}
        network.answers[f"POST {round_.issuer}/token"] = token(round_.issuer, **claims)
        found = social.prove(round_, CODE)
        # Whoever runs a directory writes any address into it.
        assert (found.email, found.is_email_verified) == ("a@example.org", False)

    def test_each_of_many_directories_is_an_issuer(self, network: Network) -> None:
        round_ = asked("microsoft", tenant="common")
        published = "https://login.microsoftonline.com/{tenantid}/v2.0"
        publish(network, round_.issuer, published)
        own = round_.issuer.replace("common", TENANT)
        network.answers[f"POST {round_.issuer}/token"] = token(own, tid=TENANT, email="a@b.org")
        assert social.prove(round_, CODE).issuer == own

    @pytest.mark.parametrize(
        "tenant", ["common", "", "../x", "ffffffff-bbbb-cccc-dddd-eeeeeeeeeeee", None]
    )
    def test_a_directory_that_does_not_fit(self, network: Network, tenant: str | None) -> None:
        round_ = asked("microsoft", tenant="common")
        publish(network, round_.issuer, "https://login.microsoftonline.com/{tenantid}/v2.0")
        own = round_.issuer.replace("common", TENANT)
        network.answers[f"POST {round_.issuer}/token"] = token(own, tid=tenant, email="a@b.org")
        with pytest.raises(ProviderUnusable):
            social.prove(round_, CODE)


class TestApple:
    pem = KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()

    def test_signs_its_secret_anew(self, network: Network) -> None:
        round_ = asked("apple", secret=self.pem, team_id="TEAM123456", key_id="KEY1234567")
        provider_kinds.require_secret("apple", self.pem)
        publish(network, round_.issuer)
        told = query(social.address(round_))
        assert (told["response_mode"], told["scope"]) == ("form_post", "openid email name")
        claims = {"email": "a@privaterelay.appleid.com", "email_verified": "true"}
        network.answers[f"POST {round_.issuer}/token"] = token(round_.issuer, **claims)
        found = social.prove(round_, CODE)
        assert found.is_email_verified
        secret = network.sent[f"POST {round_.issuer}/token"]["client_secret"]
        said = jwt.decode(secret, KEY.public_key(), ["ES256"], audience=round_.issuer)
        assert (said["iss"], said["sub"]) == ("TEAM123456", "client")
        assert said["exp"] - said["iat"] <= 300
        assert jwt.get_unverified_header(secret)["kid"] == "KEY1234567"


class TestGitHub:
    token = "POST https://github.com/login/oauth/access_token"
    user = "GET https://api.github.com/user"

    def prove(self, network: Network, user: Any, emails: Any) -> Any:
        network.answers[self.token] = {"access_token": "gho", "token_type": "bearer"}
        network.answers[self.user] = user
        network.answers[f"{self.user}/emails"] = emails
        return social.prove(asked("github"), CODE)

    def test_a_number_names_the_account(self, network: Network) -> None:
        told = query(social.address(asked("github")))
        assert told["scope"] == "read:user user:email"
        assert told["code_challenge_method"] == "S256"
        emails = [
            {"email": "old@example.org", "primary": False, "verified": True},
            {"email": "a@example.org", "primary": True, "verified": True},
        ]
        found = self.prove(network, {"id": 7, "login": "alice", "name": None}, emails)
        assert (found.issuer, found.subject) == ("https://github.com", "7")
        assert (found.email, found.is_email_verified, found.name) == (
            "a@example.org",
            True,
            "alice",
        )
        assert network.sent[self.token]["code_verifier"] == "v" * 43

    @pytest.mark.parametrize("emails", [None, [], {}, ["a@example.org"], [{"primary": True}]])
    def test_addresses_may_be_kept_back(self, network: Network, emails: Any) -> None:
        found = self.prove(network, {"id": 7, "login": "alice", "email": "x@example.org"}, emails)
        assert (found.email, found.is_email_verified) == ("", False)

    @pytest.mark.parametrize("number", [None, "7", True, 7.0])
    def test_without_a_number_there_is_nobody(self, network: Network, number: Any) -> None:
        with pytest.raises(ProviderUnusable):
            self.prove(network, {"id": number, "login": "alice"}, [])

    def test_an_error_with_status_200_is_one(self, network: Network) -> None:
        network.answers[self.token] = {"error": "bad_verification_code"}
        with pytest.raises(ProviderUnusable):
            social.prove(asked("github"), CODE)


def test_discord(network: Network) -> None:
    network.answers["POST https://discord.com/api/oauth2/token"] = {"access_token": "x"}
    network.answers["GET https://discord.com/api/users/@me"] = {
        "id": "80351110224678912",
        "username": "alice",
        "global_name": "Alice",
        "email": "a@example.org",
        "verified": True,
    }
    told = query(social.address(asked("discord")))
    assert (told["scope"], told["code_challenge_method"]) == ("identify email", "S256")
    found = social.prove(asked("discord"), CODE)
    assert (found.issuer, found.subject) == ("https://discord.com", "80351110224678912")
    assert (found.email, found.is_email_verified, found.name) == ("a@example.org", True, "Alice")


def test_who_says_no_is_told_so(network: Network) -> None:
    with pytest.raises(Declined):
        social.prove(asked("github"), {"error": "access_denied"})


def test_a_refusal_quotes_no_secret(network: Network) -> None:
    with pytest.raises(ProviderUnusable) as refusal:
        social.prove(asked("github"), {"code": "secret-code"})
    assert "secret-code" not in str(refusal.value)
    assert "of-the-client" not in repr(asked("github"))
