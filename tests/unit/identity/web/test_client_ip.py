"""The client's address behind proxies, and what a client can't make us believe."""

import pytest

from identity.web import client_ip


def seen(forwarded: str | None, connected: str = "10.0.0.9", proxies: int = 1) -> str:
    environ = {"REMOTE_ADDR": connected}
    if forwarded is not None:
        environ["HTTP_X_FORWARDED_FOR"] = forwarded
    return client_ip.behind(environ, trusted_proxies=proxies)


def test_ignores_the_header_without_trusted_proxies() -> None:
    assert seen("203.0.113.7", connected="198.51.100.4", proxies=0) == "198.51.100.4"


@pytest.mark.parametrize(
    ("forwarded", "proxies", "expected"),
    [
        ("203.0.113.7", 1, "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7", 1, "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7, 10.0.0.1", 2, "203.0.113.7"),
        ("6.6.6.6,7.7.7.7,203.0.113.7,10.0.0.2,10.0.0.1", 3, "203.0.113.7"),
        ("203.0.113.7:4711", 1, "203.0.113.7"),
        ("[2001:db8::1]:4711", 1, "2001:db8::1"),
        ("2001:DB8:0:0::1", 1, "2001:db8::1"),
        ("::ffff:203.0.113.7", 1, "203.0.113.7"),
    ],
)
def test_takes_what_the_outermost_trusted_proxy_saw(
    forwarded: str, proxies: int, expected: str
) -> None:
    assert seen(forwarded, proxies=proxies) == expected


@pytest.mark.parametrize("forged", [f"6.6.6.{number}" for number in range(3)])
def test_gives_no_new_address_for_forged_entries(forged: str) -> None:
    assert seen(f"{forged}, {forged}, 203.0.113.7") == "203.0.113.7"


@pytest.mark.parametrize(
    ("forwarded", "proxies"),
    [(None, 1), ("", 1), ("203.0.113.7", 2), ("unknown", 1), ("<script>", 1), ("203.0.113.7,", 1)],
)
def test_falls_back_to_the_connection(forwarded: str | None, proxies: int) -> None:
    assert seen(forwarded, proxies=proxies) == "10.0.0.9"


def test_reads_the_number_of_proxies_from_the_settings(settings) -> None:
    environ = {"REMOTE_ADDR": "10.0.0.9", "HTTP_X_FORWARDED_FOR": "203.0.113.7"}
    assert client_ip.of(environ) == "10.0.0.9"
    settings.TRUSTED_PROXIES = 1
    assert client_ip.of(environ) == "203.0.113.7"


def test_has_no_address_where_the_server_gives_none() -> None:
    assert client_ip.behind({}, trusted_proxies=0) == ""


def test_counts_the_network_of_one_subscriber_as_one_neighbour() -> None:
    assert client_ip.neighbourhood("203.0.113.7") == "203.0.113.7"
    first = client_ip.neighbourhood("2001:db8:0:1::1")
    assert first == client_ip.neighbourhood("2001:db8:0:1:ffff::2") == "2001:db8:0:1::/64"
    assert first != client_ip.neighbourhood("2001:db8:0:2::1")
    assert client_ip.neighbourhood("") == ""
