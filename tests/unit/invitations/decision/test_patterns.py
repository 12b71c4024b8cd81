"""Resource patterns: what they match, what is no pattern, what is no resource."""

import pytest

from identity.errors import Kind
from invitations.decision import patterns

MATCHES = [
    ("*", "/users"),
    ("*", "/users/1/devices/2"),
    ("/users", "/users"),
    ("/users/*", "/users/1"),
    ("/users/*", "/users/invite"),
    ("/users/{id}", "/users/1"),
    ("/users/{id}/devices", "/users/1/devices"),
    ("/users/{user_id}/devices/{Id2}", "/users/1/devices/2"),
    ("/users/**", "/users"),
    ("/users/**", "/users/1"),
    ("/users/**", "/users/1/devices/2"),
    ("/users/*/**", "/users/1"),
    ("/users/*/**", "/users/1/devices"),
    ("/**", "/users"),
    ("/account-management/authorize", "/account-management/authorize"),
    ("/ä", "/ä"),
    ("/a.b", "/a.b"),
]
MISSES = [
    ("/users", "/users/1"),
    ("/users", "/user"),
    ("/users", "/Users"),
    ("/users/*", "/users"),
    ("/users/*", "/users/1/devices"),
    ("/users/{id}/devices", "/users/1/device"),
    ("/users/**", "/groups"),
    ("/users/**", "/usersx"),
    ("/users/*/**", "/users"),
    ("/a", "/ä"),
]
NO_PATTERNS = [
    "",
    "users",
    "/",
    "//",
    "/users/",
    "/users//1",
    "**",
    "/**/users",
    "/users/**/devices",
    "/users/*x",
    "/users/x*",
    "/users/{}",
    "/users/{a b}",
    "/users/{1}",
    "/users/{id",
    "/users/id}",
    "/users/..",
    "/users/./x",
    "/users/%2e",
    "/users/a b",
    "/users?x=1",
    "/users#x",
    "/users\n",
    "/a\\b",
    "/a\u00a0b",
    "/a\u202eb",
    "*/users",
    "/" + "x" * 128,
    "/x" * 17,
]
NO_RESOURCES = [
    "",
    "users",
    "/",
    "/users/",
    "//users",
    "/users//1",
    "/users/.",
    "/users/../groups",
    "/users/%2e%2e",
    "/users/*",
    "/users/{id}",
    "/users/**",
    "*",
    "/users 1",
    "/users\x00",
    "/users\n",
    "/users?x",
    "/users#x",
    "\\users",
    "/users\\1",
    "/" + "x" * 256,
]


@pytest.mark.parametrize(("pattern", "resource"), MATCHES)
def test_matches(pattern: str, resource: str) -> None:
    assert patterns.matches(pattern, resource) is True
    assert patterns.matches(patterns.parse(pattern), resource) is True


@pytest.mark.parametrize(("pattern", "resource"), MISSES)
def test_does_not_match(pattern: str, resource: str) -> None:
    assert patterns.matches(pattern, resource) is False


@pytest.mark.parametrize("text", NO_PATTERNS)
def test_refuses_what_is_no_pattern(text: str) -> None:
    with pytest.raises(patterns.PatternInvalid) as caught:
        patterns.parse(text)
    assert caught.value.detail


@pytest.mark.parametrize("resource", NO_RESOURCES)
@pytest.mark.parametrize("pattern", ["*", "/users/**"])
def test_refuses_what_is_no_resource_under_any_pattern(pattern: str, resource: str) -> None:
    with pytest.raises(patterns.ResourceInvalid):
        patterns.matches(pattern, resource)


def test_refuses_as_typed_errors() -> None:
    assert patterns.PatternInvalid.code == "policy.pattern-invalid"
    assert patterns.ResourceInvalid.code == "policy.resource-invalid"
    assert {patterns.PatternInvalid.kind, patterns.ResourceInvalid.kind} == {Kind.INVALID}


def test_keeps_to_its_bounds() -> None:
    patterns.parse("/" + "x" * 127)
    patterns.parse("/x" * 16)
    assert patterns.matches("*", "/" + "x" * 255)
    assert patterns.matches("/**", "/x" * 100)
