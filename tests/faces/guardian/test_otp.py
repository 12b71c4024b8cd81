"""POST /accounts/otp/generate, /otp/confirm, /otp/deactivate; GET /accounts/otp/status."""

import base64
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django_otp.oath import TOTP

from sessions_app.models import Session
from tests import acts, cast
from tests.faces.guardian.client import UNAUTHORIZED, Client


def begun(who: Client) -> TOTP:
    answer = who.post("/accounts/otp/generate")
    assert answer.status == 201, answer.text
    secret = base64.b32decode(answer.json["secret"])
    totp = TOTP(secret)
    totp.time = acts.now().timestamp()
    return totp


def test_shows_a_secret_as_generators_read_it(alice) -> None:
    answer = alice.post("/accounts/otp/generate")
    assert answer.status == 201
    told = answer.json
    assert set(told) == {"issuer", "user", "secret", "url", "config"}
    assert told["config"] == {"algo": "sha1", "digits": 6, "period": 30, "secretSize": 20}
    assert (told["issuer"], told["user"]) == ("Countersign", "alice")
    url = urlsplit(told["url"])
    assert (url.scheme, url.netloc, url.path) == ("otpauth", "totp", "/Countersign%3Aalice")
    assert parse_qs(url.query)["secret"] == [told["secret"]]


def test_the_first_code_takes_it_into_use(alice) -> None:
    assert alice.get("/accounts/otp/status").json == {"enabled": False}
    totp = begun(alice)
    assert alice.get("/accounts/otp/status").json == {"enabled": False}
    answer = alice.post("/accounts/otp/confirm", {"token": f"{totp.token():06d}"})
    assert answer.status == 200
    assert answer.json["success"] is True
    assert len(set(answer.json["backupCodes"])) == 10
    assert alice.get("/accounts/otp/status").json == {"enabled": True}
    assert alice.login().json == {"success": False, "otprequired": True}
    assert alice.login(otp=answer.json["backupCodes"][0]).status == 200
    assert alice.login(otp=answer.json["backupCodes"][0]).status == 401


def test_a_wrong_first_code_is_no_success(alice) -> None:
    begun(alice)
    answer = alice.post("/accounts/otp/confirm", {"token": "000000"})
    assert (answer.status, answer.json) == (200, {"success": False})
    assert alice.get("/accounts/otp/status").json == {"enabled": False}


def test_nothing_to_confirm_is_409(alice) -> None:
    assert alice.post("/accounts/otp/confirm", {"token": "000000"}).status == 409


def test_is_given_up_again(alice) -> None:
    totp = begun(alice)
    alice.post("/accounts/otp/confirm", {"token": f"{totp.token():06d}"})
    assert alice.post("/accounts/otp/deactivate").json == {"success": True}
    assert alice.get("/accounts/otp/status").json == {"enabled": False}
    assert alice.login().json["refreshToken"]


@pytest.mark.parametrize("path", ["generate", "deactivate"])
def test_asks_for_a_proof_of_the_last_minutes(world, alice, path) -> None:
    with cast.in_scope(world):
        Session.objects.update(authenticated_at=acts.now() - timedelta(minutes=6))
    assert alice.post(f"/accounts/otp/{path}").status == 403


@pytest.mark.parametrize("path", ["generate", "confirm", "deactivate"])
def test_is_401_for_nobody(nobody, path) -> None:
    assert nobody.post(f"/accounts/otp/{path}", {"token": 1}).json == UNAUTHORIZED
    assert nobody.get("/accounts/otp/status").json == UNAUTHORIZED
