"""Class 22 of the known attacks, over the API of our own: refusals tell what exists.

Seen in Keycloak as CVE-2026-4633, CVE-2026-9794 and CVE-2026-37981. Whoever lacks the right gets
one refusal, be the thing there or not and whatever version it has; whoever is not known gets one
401, whatever is wrong, in body, headers and time.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from accounts.models import Device, User
from identity import ids
from identity.api.v1 import route
from identity.crypto import ecdsa_p256
from identity.sdk.http_signatures import DeviceAuth
from invitations.models import Invitation
from tests import acts, cast
from tests.faces.v1.client import BASE, InProcess, Signed
from tests.matrix.permissions_v1 import LINES
from tests.matrix.scene import Scene, undone

pytestmark = pytest.mark.django_db

VOLATILE = {"x-request-id", "date"}
VERSIONS: tuple[Mapping[str, str], ...] = ({}, {"If-Match": "*"}, {"If-Match": '"1"'})
WORDED = [line for line in LINES if line.word not in {*route.NOT_PERMISSIONS, "server-keys:get"}]


def unknown(scene: Scene) -> dict[str, str]:
    return {name: str(ids.new()) for name in scene.things} | {"event": "999999", "purpose": "x"}


def told(answer: httpx.Response) -> tuple[Any, ...]:
    headers = {name: text for name, text in answer.headers.items() if name not in VOLATILE}
    body: dict[str, Any] = answer.json()
    for name in ("instance", "request_id"):
        body.pop(name, None)
    return answer.status_code, tuple(sorted(headers.items())), repr(body)


def test_a_refusal_tells_not_what_is_there(scene: Scene) -> None:
    member = scene.people["member"]
    for line in WORDED:
        if "{" not in line.path:
            continue
        body, answers = scene.body(line.method, line.path), set()
        for things in ({}, unknown(scene)):
            for version in VERSIONS:
                with undone():
                    path = scene.path(line.path, things)
                    answers.add(told(member.send(line.method, path, body, version)))
        assert len(answers) == 1, (line.name, answers)


def as_device(scene: Scene, device: Any, key: ecdsa_p256.PrivateKey) -> Signed:
    http = httpx.Client(base_url=BASE, transport=InProcess())
    return Signed(device, key, scene.owner.prefix, http)


def switched(scene: Scene, switch: Callable[[cast.Member], object]) -> Signed:
    member = scene.world.member(f"switched{ids.new().hex[-8:]}", "super-admin")
    with cast.in_scope(scene.world):
        switch(member)
    return Signed.of(member, scene.world.scope.slug)


def suspended(member: cast.Member) -> object:
    return Device.objects.filter(id=member.device.id).update(status=Device.Status.SUSPENDED)


def shut_out(member: cast.Member) -> object:
    return User.objects.filter(id=member.user.id).update(status=User.Status.DISABLED)


def strangers(scene: Scene) -> dict[str, Signed]:
    """Everybody who must be told nothing but that they are not known."""
    foreign = cast.world().member("charlie", "super-admin")
    return {
        "an unknown device": as_device(scene, ids.new(), ecdsa_p256.generate()),
        "a wrong key": as_device(scene, scene.owner.device, ecdsa_p256.generate()),
        "a suspended device": switched(scene, suspended),
        "a disabled user": switched(scene, shut_out),
        "a device of another scope": Signed.of(foreign, scene.world.scope.slug),
    }


def test_every_cause_gets_the_same_401(scene: Scene) -> None:
    with undone():
        answers = {name: told(each.get("/me")) for name, each in strangers(scene).items()}
        nonsense = {"Signature": "sig=:AAAA:", "Signature-Input": "x"}
        path = f"{scene.owner.prefix}/me"
        answers["nonsense"] = told(scene.owner.http.get(path, headers=nonsense))
        nobody = scene.owner.http.get(path)
    assert {answer[0] for answer in answers.values()} == {nobody.status_code} == {401}
    # Django carries what is not signed, and adds what the address takes.
    assert {answer[2] for answer in answers.values()} == {told(nobody)[2]}
    assert len(set(answers.values())) == 1, answers


def test_every_cause_takes_comparable_time(scene: Scene) -> None:
    with undone():
        people = strangers(scene)
        times: dict[str, list[float]] = {name: [] for name in people}
        for _ in range(25):
            for name, each in people.items():
                started = time.perf_counter()
                each.get("/me")
                times[name].append(time.perf_counter() - started)
    # The best of many is what a busy machine disturbs least. It finds a missing look at the
    # signature, not a branch.
    fastest = [min(spent) for spent in times.values()]
    assert max(fastest) < 2 * min(fastest) + 0.002, times


def test_invite_strings_that_can_not_be_used_look_alike(scene: Scene) -> None:
    bundle = ended_invitation(scene)
    http = scene.owner.http
    answers = set()
    for text in ("x", "A" * 43, bundle, bundle[:-1]):
        with undone():
            path = f"{scene.owner.prefix}/invitations/lookup"
            answers.add(told(http.post(path, json={"invite_string": text})))
    assert len(answers) == 1, answers
    assert {answer[0] for answer in answers} == {401}


def ended_invitation(scene: Scene) -> str:
    bundle = acts.invitation(scene.world, "ended@example.test")
    with cast.in_scope(scene.world):
        Invitation.objects.filter(id=bundle["invitation"]).update(
            state=Invitation.State.REVOKED, ended_at=acts.now()
        )
    return str(bundle["invite_string"])


def test_nobody_is_told_a_signature_was_nearly_right(scene: Scene) -> None:
    http, prefix = scene.owner.http, scene.owner.prefix
    with undone():
        request = http.build_request("POST", f"{prefix}/groups", json={"name": "x"})
        auth = DeviceAuth(scene.owner.device, scene.owner.key)
        signed = next(auth.auth_flow(request))
        answers = set()
        for method, path, content in (
            ("PATCH", f"/groups/{scene.things['group']}", signed.content),
            ("POST", "/roles", signed.content),
            ("POST", "/groups", b'{"name":"y"}'),
        ):
            url = f"{BASE}{prefix}{path}"
            headers = {**signed.headers, "Content-Length": str(len(content))}
            answers.add(
                told(http.send(httpx.Request(method, url, headers=headers, content=content)))
            )
        answers.add(told(strangers(scene)["a wrong key"].get("/me")))
    assert len(answers) == 1, answers
    assert {answer[0] for answer in answers} == {401}
