"""What a lambda may be made of, and what is refused when it is made."""

from typing import Any

import pytest

from accounts import errors
from accounts.lambdas import config
from identity.errors import Invalid
from identity.services.outside import AddressRefused
from tests import lambdas

HOSTS = frozenset({"api.example.org"})
API = "https://api.example.org"


def read(given: dict[str, Any]) -> config.Config:
    return config.read(given, hosts=HOSTS)


def test_reads_what_clients_of_the_protocol_send() -> None:
    given = {
        "authorization": {"type": "none"},
        "verifications": {"count": 1},
        "triggers": [{"type": "hook"}],
        "envs": [],
        "max_executions": 0,
        "conditions": [
            {
                "type": "code",
                "code": "if (Math.random() < 0.5) { return true; } else { return false; }",
                "output_type": "integer",
                "substitution": True,
            }
        ],
        "actions": {
            "type": "personal_sign",
            "check": "",
            "data": "0x000000",
            "substitution": True,
        },
        "post_hooks": [],
    }
    found = read(given)
    assert config.stored(found) == given
    assert config.loaded(config.stored(found)) == found
    assert found.is_open


def test_is_for_its_owner_alone_unless_it_says_otherwise() -> None:
    assert not read(lambdas.config()).is_open


def test_names_the_hosts_that_it_may_call() -> None:
    found = read(
        lambdas.config(
            lambdas.fetch(f"{API}/price?of=<<inputs.0>>"),
            post_hooks=[lambdas.fetch(f"{API}/done", protocol="POST")],
        )
    )
    assert found.hosts == ["api.example.org"]


@pytest.mark.parametrize(
    "change",
    [
        {"conditions": []},
        {"conditions": [lambdas.code()] * 9},
        {"conditions": [lambdas.fetch(API)] * 4},
        {"conditions": [{"type": "code"}]},
        {"conditions": [{"type": "shell", "code": "id"}]},
        {"conditions": [lambdas.code(output_type="any")]},
        {"conditions": [lambdas.code("x" * 16_385)]},
        {"conditions": [lambdas.code(more=1)]},
        {"conditions": [lambdas.fetch(API, body={"a": 1})]},
        {"conditions": [lambdas.fetch(API, protocol="CONNECT")]},
        {"conditions": [lambdas.fetch(API, headers={"Host": "x"})]},
        {"conditions": [lambdas.fetch(API, headers={"Content-Length": "1"})]},
        {"conditions": [lambdas.fetch(API, headers={"X-A": "a\r\nX-B: b"})]},
        {"conditions": [lambdas.fetch(API, headers={"X A": "a"})]},
        {"conditions": [lambdas.fetch(API, headers={f"X-{n}": "a" for n in range(17)})]},
        {"conditions": [lambdas.fetch("https://<<inputs.0>>/x")]},
        {"conditions": [lambdas.fetch("https://api.example.org<<inputs.0>>/x")]},
        {"conditions": [lambdas.fetch("<<inputs.0>>")]},
        {"post_hooks": [lambdas.fetch(API)] * 4},
        {"envs": ["x"] * 17},
        {"envs": [0.5]},
        {"envs": [2**53]},
        {"envs": ["\0"]},
        {"envs": [{"\ud800": 1}]},
        {"envs": ["x" * 50_000]},
        {"envs": [[[[[[[[[1]]]]]]]]]},
        {"envs": [list(range(1000))]},
        {"conditions": [lambdas.fetch(API, headers={"X-A": "<<inputs.0>>" * 65})]},
        {"max_executions": -1},
        {"max_executions": 2**31},
        {"authorization": {"type": "all"}},
        {"user": "somebody"},
    ],
)
def test_refuses_what_is_no_configuration(change: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        read({**lambdas.config(), **change})


@pytest.mark.parametrize("data", ["", "0x0", "0xzz", "0x<<inputs.0>>0", "x" * 16_385])
def test_refuses_data_of_which_no_message_can_be_made(data: str) -> None:
    with pytest.raises(Invalid):
        read(lambdas.config(data=data))


def test_refuses_to_sign_a_signature_that_is_not_there_yet() -> None:
    with pytest.raises(Invalid):
        read(lambdas.config(data="<<signature>>"))


@pytest.mark.parametrize(
    "change",
    [
        {"triggers": [{"type": "account"}]},
        {"triggers": [{"type": "hook"}, {"type": "account"}]},
        {"triggers": []},
        {"verifications": {"count": 2}},
        {"verifications": {"count": 0}},
        {"actions": {"type": "eth_signTransaction", "data": "0x00"}},
        {"actions": {"type": "personal_sign", "data": "0x00", "check": "return true"}},
    ],
)
def test_refuses_by_name_what_only_others_do(change: dict[str, Any]) -> None:
    with pytest.raises(errors.LambdaUnsupported) as refused:
        read({**lambdas.config(), **change})
    assert refused.value.detail


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://other.example.org/",
        "https://api.example.org.evil.test/",
        "https://api.example.org@evil.test/",
        "https://evil.test#api.example.org",
        "https://evil.test\\@api.example.org/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data/",
        "ftp://api.example.org/",
        "file:///etc/passwd",
        "gopher://api.example.org/",
        "https://bob@api.example.org/",
        "https://api.example.org/x#<<inputs.0>>",
        "https://api.example.org\\@x/",
        "https://api.example.org/a\\<<inputs.0>>",
        "https://api.example.org/a b",
        "https://api.example.org./",
        f"https://api.example.org/{'x' * 2048}",
    ],
)
def test_refuses_what_is_never_called(endpoint: str) -> None:
    for given in (
        lambdas.config(lambdas.fetch(endpoint)),
        lambdas.config(lambdas.fetch(endpoint, substitution=False)),
        lambdas.config(post_hooks=[lambdas.fetch(endpoint)]),
    ):
        with pytest.raises((AddressRefused, Invalid)):
            read(given)


@pytest.mark.parametrize("inputs", [None, {}, "x", [1] * 17, ["x" * 16_400], [object()]])
def test_refuses_inputs_beyond_bounds(inputs: Any) -> None:
    with pytest.raises(Invalid):
        config.require_inputs(inputs)
