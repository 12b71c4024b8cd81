"""Host names are compared in one form."""

import pytest

from identity.services import host_names, refusals


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Acme.Example", "acme.example"),
        (" acme.example. ", "acme.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_gives_the_stored_form(given: str, expected: str) -> None:
    assert host_names.normalised(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        "",
        ".",
        "acme.example:443",
        "*.example",
        "192.0.2.1",
        "::1",
        "-acme.example",
        "acme-.example",
        "acme..example",
        "a" * 64 + ".example",
        ".".join(["a" * 49] * 6),
        "bücher.example",
        "acme_1.example",
        "acme.example\x00",
        "acme.example/",
        "ACME.EXAMPLE\n.example",
        "localhost",
    ],
)
def test_refuses_what_is_no_host_name(given: str) -> None:
    with pytest.raises(refusals.HostInvalid):
        host_names.normalised(given)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("acme.example", "acme.example"),
        ("ACME.example:8443", "acme.example"),
        ("acme.example:", "acme.example"),
        ("acme.example:x", ""),
        ("127.0.0.1:8000", ""),
        ("localhost:8000", ""),
        ("acme.localhost:8000", "acme.localhost"),
        ("[::1]:8000", ""),
        ("", ""),
        ("a b", ""),
    ],
)
def test_reads_the_host_header_without_its_port(header: str, expected: str) -> None:
    assert host_names.of_header(header) == expected
