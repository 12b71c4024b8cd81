"""Limits of programs: what is within what, against what they allow one by one."""

import ipaddress
from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity import limits
from identity.errors import Invalid
from identity.limits import Limits

IDS = ("a", "b", "c")
NETWORKS = (
    *("192.0.2.0/24", "192.0.2.0/25", "192.0.2.7", "198.51.100.0/30", "0.0.0.0/0"),
    *("2001:db8::/32", "2001:db8::1", "::/0"),
)
ADDRESSES = ("192.0.2.7", "192.0.2.200", "198.51.100.1", "203.0.113.1", "2001:db8::1", "2001::1")


def some(of: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(of), max_size=3)


LIMITS = st.builds(
    lambda solutions, contexts, networks: limits.checked(
        solutions=solutions, contexts=contexts, networks=networks
    ),
    some((*IDS, "*")),
    some(IDS),
    some(NETWORKS),
)
SHARES: tuple[tuple[str, ...], ...] = (("a",), ("a", "b"), ("c",), ())


def allowed(bound: Limits) -> set[tuple[str, ...]]:
    """Everything of a small world that these limits let a program do."""
    contexts = {
        ("context", context, *solutions)
        for context, solutions in product(IDS, SHARES)
        if bound.allow_context(context, solutions)
    }
    addresses = {("address", each) for each in ADDRESSES if bound.allow_address(each)}
    return contexts | addresses | {("solution", each) for each in IDS if bound.allow_solution(each)}


@given(LIMITS, LIMITS)
def test_what_is_within_allows_nothing_more(own: Limits, others: Limits) -> None:
    assert own.is_within(own)
    if own.is_within(others):
        assert allowed(own) <= allowed(others)


def of_one_kind(each: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """Solutions and addresses; a context takes one solution that both are bound to."""
    return {one for one in each if one[0] != "context"}


@given(LIMITS, LIMITS)
def test_together_they_allow_what_both_allow(own: Limits, others: Limits) -> None:
    met, both = own.met_with(others), allowed(own) & allowed(others)
    if met is None:
        kinds = {each[0] for each in of_one_kind(both)}
        no_context = own.contexts and others.contexts and not {*own.contexts} & {*others.contexts}
        assert no_context or kinds != {"solution", "address"}
    else:
        assert allowed(met) <= both
        assert of_one_kind(allowed(met)) == of_one_kind(both)
        assert met.is_within(own)
        assert met.is_within(others)


@given(LIMITS, LIMITS, LIMITS)
def test_within_goes_on_from_one_to_the_next(a: Limits, b: Limits, c: Limits) -> None:
    if a.is_within(b) and b.is_within(c):
        assert a.is_within(c)


@given(LIMITS)
def test_are_stored_in_one_spelling(bound: Limits) -> None:
    again = limits.checked(
        solutions=bound.solutions, contexts=bound.contexts, networks=bound.networks
    )
    assert again == bound


@given(st.ip_addresses(v=4))
def test_know_an_address_in_the_longer_form(address: ipaddress.IPv4Address) -> None:
    bound = limits.checked(networks=[str(address)])
    assert bound.networks == (str(address),)
    assert bound.allow_address(f"::ffff:{address}")
    assert limits.checked(networks=[f"::ffff:{address}"]) == bound


@pytest.mark.parametrize(
    "wrong",
    [
        {"networks": ["192.0.2.7/24"]},
        {"networks": ["somewhere"]},
        {"networks": [""]},
        {"solutions": [""]},
        {"contexts": ["a\n"]},
        {"solutions": ["x" * 129]},
        {"contexts": [str(n) for n in range(129)]},
    ],
)
def test_refuse_what_they_cannot_mean(wrong: dict[str, list[str]]) -> None:
    with pytest.raises(Invalid):
        limits.checked(**wrong)


def test_an_unknown_address_is_in_no_network() -> None:
    assert limits.NONE.allow_address("")
    assert not limits.checked(networks=["0.0.0.0/0", "::/0"]).allow_address("")
