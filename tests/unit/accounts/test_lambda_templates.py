"""A value stays where its placeholder stands, whatever it says."""

from typing import Any

import pytest

from accounts import errors
from accounts.lambdas import requests, templates
from accounts.lambdas.config import Fetch
from accounts.lambdas.templates import Given
from identity.services.outside import AddressRefused

HOSTS = frozenset({"api.example.org"})
API = "https://api.example.org"
GIVEN = Given(
    inputs=("a&b=c/../d?#\r\nx", 5, {"n": [1]}, "0xCAFE", "beef"),
    envs=("key",),
    outputs=({"usd": 3},),
    signature="0x1b",
)


def made(endpoint: str, given: Given = GIVEN, **more: Any) -> requests.Request:
    return requests.made(Fetch(endpoint, substitution=True, **more), given, hosts=HOSTS)


def test_keeps_a_value_in_its_piece_of_an_address() -> None:
    found = made(f"{API}/of/<<inputs.0>>?is=<<inputs.2>>&n=<<inputs.1>>")
    assert found.url == (f"{API}/of/a%26b%3Dc%2F..%2Fd%3F%23%0D%0Ax?is=%7B%22n%22%3A%5B1%5D%7D&n=5")


@pytest.mark.parametrize("dots", [".", ".."])
def test_refuses_a_piece_that_means_the_one_above(dots: str) -> None:
    with pytest.raises(errors.LambdaFailed):
        made(f"{API}/of/<<inputs.0>>/secret", Given(inputs=(dots,)))


def test_refuses_a_header_of_two_lines() -> None:
    assert made(API, headers={"X-Key": "Bearer <<envs.0>>"}).headers["X-Key"] == "Bearer key"
    with pytest.raises(errors.LambdaFailed):
        made(API, headers={"X-Key": "<<inputs.0>>"})


def test_fills_a_document_with_values_as_they_are() -> None:
    body = {"alone": "<<inputs.2>>", "in": ["n=<<inputs.1>>"], "of": "<<conditions.0>>", "k": None}
    found = made(API, protocol="POST", body={**body, "s": "<<signature>>"})
    assert found.body == (b'{"alone":{"n":[1]},"in":["n=5"],"of":{"usd":3},"k":null,"s":"0x1b"}')
    assert found.headers == {"Content-Type": "application/json"}


def test_does_not_fill_what_a_value_brings_along() -> None:
    given = Given(inputs=("<<envs.0>>",), envs=("secret",))
    assert made(API, given, protocol="POST", body=["<<inputs.0>>"]).body == b'["<<envs.0>>"]'
    assert templates.message("it is <<inputs.0>>", given, is_template=True) == b"it is <<envs.0>>"


def test_fills_nothing_where_nobody_asks_for_it() -> None:
    fetch = Fetch(API + "/a", headers={"X-A": "<<inputs.0>>"})
    assert requests.made(fetch, GIVEN, hosts=HOSTS).headers == {"X-A": "<<inputs.0>>"}


@pytest.mark.parametrize("name", ["<<inputs.9>>", "<<conditions.1>>", "<<envs.1>>"])
def test_fails_for_a_value_that_is_not_there(name: str) -> None:
    with pytest.raises(errors.LambdaFailed):
        made(f"{API}/{name}")


def test_has_no_signature_before_one_is_made() -> None:
    with pytest.raises(errors.LambdaFailed):
        made(f"{API}/<<signature>>", Given())


def test_asks_the_list_again_for_each_call() -> None:
    with pytest.raises(errors.LambdaFailed):
        requests.made(Fetch(API), GIVEN, hosts=frozenset())
    with pytest.raises(AddressRefused):
        requests.require_callable(Fetch(API), hosts=frozenset())


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("0x68656c6c6f", b"hello"),
        ("0x", b""),
        ("cafe", b"cafe"),
        ("0x00<<inputs.3>><<inputs.4>>", b"\x00\xca\xfe\xbe\xef"),
        ("<<inputs.3>>", b"\xca\xfe"),
        ("pay <<inputs.1>> to <<inputs.4>>", b"pay 5 to beef"),
        ("price: <<conditions.0>>", b'price: {"usd":3}'),
    ],
)
def test_makes_a_message(template: str, message: bytes) -> None:
    assert templates.message(template, GIVEN, is_template=True) == message


@pytest.mark.parametrize(
    "value", ["hello", "0xabc", "0x00\n", "ab cd", 5, 10, 2**70, "\ud800", None, ["00"], "0x0x00"]
)
def test_takes_nothing_but_hex_where_hex_stands(value: Any) -> None:
    for template in ("<<inputs.0>>", "0x00<<inputs.0>>"):
        with pytest.raises(errors.LambdaFailed):
            templates.message(template, Given(inputs=(value,)), is_template=True)


@pytest.mark.parametrize("value", ["\ud800", ["\udfff"], 2**70, {"a": 10**30}])
def test_fails_for_what_only_code_can_answer(value: Any) -> None:
    given = Given(outputs=(value,))
    for name in ("path/<<conditions.0>>", "?q=<<conditions.0>>"):
        with pytest.raises(errors.LambdaFailed):
            made(f"{API}/{name}", given)
    for more in (
        {"headers": {"X-A": "<<conditions.0>>"}},
        {"protocol": "POST", "body": ["<<conditions.0>>"]},
        {"protocol": "POST", "body": ["is <<conditions.0>>"]},
    ):
        with pytest.raises(errors.LambdaFailed):
            made(API, given, **more)
    for template in ("is <<conditions.0>>", "<<conditions.0>>"):
        with pytest.raises(errors.LambdaFailed):
            templates.message(template, given, is_template=True)


def test_takes_a_template_as_it_is_where_nobody_asks_for_values() -> None:
    assert templates.message("<<x>> 0x", GIVEN, is_template=False) == b"<<x>> 0x"
    assert templates.message("say <<inputs.0>>", GIVEN, is_template=False) == b"say <<inputs.0>>"


def test_bounds_a_message() -> None:
    with pytest.raises(errors.LambdaFailed):
        templates.message("<<inputs.0>>!", Given(inputs=("x" * 16_384,)), is_template=True)
