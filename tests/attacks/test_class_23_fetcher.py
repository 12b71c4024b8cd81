"""Class 23 of the known attacks: a server is made to call what only it can reach.

Seen in Keycloak as CVE-2026-1180 (where keys are), CVE-2026-4366 (a redirect) and CVE-2026-4874.
Tried here: names that lead to private addresses, redirects, a second answer of the name server,
spellings of an address, and receivers that never stop answering. All on real sockets.
"""

import ipaddress
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from identity.services import outside
from identity.services.outside import AddressRefused, Guard
from identity.web import fetcher
from identity.web.fetcher import Answer, Bounds, FetchFailed
from tests.attacks import receiver
from tests.attacks.receiver import Receiver, Trust

STRICT = Guard(ports=frozenset())
HERE = Guard(
    networks=outside.networks(["127.0.0.0/8", "::1"]), ports=frozenset(), is_http_allowed=True
)
OPEN_HTTP = Guard(ports=frozenset(), is_http_allowed=True)
QUICK = Bounds(seconds=0.6, body_bytes=1024)


def called(
    url: str,
    *,
    guard: Guard = HERE,
    bounds: Bounds = QUICK,
    resolver: fetcher.Resolve = fetcher.resolve,
    body: bytes = b"{}",
) -> Answer:
    return fetcher.fetch(
        "POST", url, body=body, headers={}, bounds=bounds, guard=guard, resolver=resolver
    )


def at(port: int, path: str = "/hook") -> str:
    return f"http://127.0.0.1:{port}{path}"


def leading_to(*addresses: str) -> fetcher.Resolve:
    return lambda host, port: addresses


@pytest.fixture
def listener() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            *("127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255"),
            *("192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255", "0.0.0.0"),
            *("0.1.2.3", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
            *("192.0.0.1", "192.0.0.9", "198.18.0.1", "192.88.99.1", "192.0.2.1"),
            *("::", "::1", "fe80::1", "fe80::1%lo", "fec0::1", "fc00::1", "fd00:ec2::254"),
            *("ff02::1", "ff0e::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1"),
            *("::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1"),
            *("2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:80ff:fffe"),
            *("2001:db8::1", "2001:10::1", "100::1", "4000::1"),
        ],
    )
    def test_refuses_what_is_not_the_public_internet(self, address: str) -> None:
        assert not outside.is_public(ipaddress.ip_address(address))

    @pytest.mark.parametrize(
        "address",
        ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"],
    )
    def test_lets_the_public_internet_through(self, address: str) -> None:
        assert outside.is_public(ipaddress.ip_address(address))

    @pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
    def test_a_name_that_leads_inside_is_not_called(self, listener: Receiver, address: str) -> None:
        url = f"http://rebind.test:{listener.port}/"
        with pytest.raises(AddressRefused):
            called(url, guard=OPEN_HTTP, resolver=leading_to(address))
        assert listener.connections == 0

    def test_one_bad_address_among_good_ones_is_enough(self, listener: Receiver) -> None:
        url = f"http://rebind.test:{listener.port}/"
        with pytest.raises(AddressRefused):
            called(url, guard=OPEN_HTTP, resolver=leading_to("1.1.1.1", "127.0.0.1"))
        assert listener.connections == 0

    def test_the_usual_guard_calls_nothing_private(self) -> None:
        assert Guard() == Guard((), frozenset(), frozenset({443}), is_http_allowed=False)

    def test_what_the_deployment_allows_is_called(self, listener: Receiver) -> None:
        assert called(at(listener.port)).status == 200
        named = Guard(hosts=frozenset({"inside.test"}), ports=frozenset(), is_http_allowed=True)
        url = f"http://inside.test:{listener.port}/"
        assert called(url, guard=named, resolver=leading_to("127.0.0.1")).status == 200
        with pytest.raises(AddressRefused):
            called(
                f"http://other.test:{listener.port}/",
                guard=named,
                resolver=leading_to("127.0.0.1"),
            )

    def test_speaks_ipv6(self) -> None:
        with Receiver(host="::1") as listening:
            assert called(f"http://[::1]:{listening.port}/").status == 200
        assert f"Host: [::1]:{listening.port}".encode() in listening.requests[0]


class TestRebinding:
    def test_a_name_is_looked_up_once(self, listener: Receiver) -> None:
        asked: list[str] = []

        def second_thoughts(host: str, port: int) -> Sequence[str]:
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

        assert called(f"http://a.test:{listener.port}/", resolver=second_thoughts).status == 200
        assert asked == ["a.test"]

    def test_a_name_server_that_says_nothing_is_not_waited_for(self) -> None:
        def silent(host: str, port: int) -> Sequence[str]:
            time.sleep(3)
            return ["127.0.0.1"]

        started = time.monotonic()
        with pytest.raises(FetchFailed, match="Looking up"):
            called("http://a.test:1/", resolver=silent)
        assert time.monotonic() - started < 2

    def test_a_name_without_an_address_is_a_failure_in_words(self) -> None:
        def unknown(host: str, port: int) -> Sequence[str]:
            raise socket.gaierror(-2, "Name or service not known")

        for resolver in (unknown, leading_to()):
            with pytest.raises(FetchFailed):
                called("http://a.test:1/", resolver=resolver)


class TestForms:
    @pytest.mark.parametrize(
        "url",
        [
            *("http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/"),
            *("http://127.1/", "http://127.0.0.1./", "http://017700000001/", "http://0/"),
            *("http://1.1.1.256/", "http://1.1.1.0x1/", "http://0x/", "http://①②⑦.⓪.⓪.①/"),
            *("http://alice@1.1.1.1/", "http://a:b@1.1.1.1/", "http://@1.1.1.1/"),
            *("http://1.1.1.1@127.0.0.1/", "http://1.1.1.1#@127.0.0.1/", "http://1.1.1.1/#part"),
            *("http://1.1.1.1\\@127.0.0.1/", "http:\\\\1.1.1.1/", "http://1.1.1.1/a\\b"),
            *("http://1.1.1.1/\r\nX-Evil: 1", "http://1.1.1.1/a b", "http://1.1.1.1/\t"),
            *("http://1.1.1.1\n/", " http://1.1.1.1/", "http://1.1.1.1/\x00", "http://1.1.1.1/ä"),
            *("http://bücher.test/", "http://127。0。0。1/", "http://\uff4cocalhost/"),
            *("http://localhost/", "http://LOCALHOST/", "http://a.localhost/"),
            *("http://a..test/", "http://-a.test/", "http://a.test./", "http://.test/", "http:///"),
            *("http://a.test:/", "http://a.test:70000/", "http://a.test:x/", "http://[::1/"),
            *("http://[::ffff:7f00:1]/", "http://[::]/", "http://[fe80::1%25lo]/"),
            *("file:///etc/passwd", "gopher://1.1.1.1/", "ftp://1.1.1.1/", "//1.1.1.1/", "a.test"),
            *("dict://1.1.1.1:11211/stat", "jar:http://1.1.1.1!/", "", "http:1.1.1.1/"),
            f"http://1.1.1.1/{'a' * 2048}",
        ],
    )
    def test_refuses_every_spelling_but_the_plain_one(self, url: str) -> None:
        with pytest.raises(AddressRefused) as refusal:
            outside.parse(url, OPEN_HTTP)
        assert "Evil" not in str(refusal.value)

    @pytest.mark.parametrize(
        ("url", "authority", "target"),
        [
            ("https://hooks.example.org", "hooks.example.org", "/"),
            ("https://Hooks.Example.org/a/b?c=d%20e", "hooks.example.org", "/a/b?c=d%20e"),
            ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", "/"),
            ("https://1.1.1.1:8443/?x", "1.1.1.1:8443", "/?x"),
            ("https://[2606:4700::1111]/", "[2606:4700::1111]", "/"),
        ],
    )
    def test_takes_plain_urls_apart(self, url: str, authority: str, target: str) -> None:
        destination = outside.parse(url, STRICT)
        assert (destination.authority, destination.target) == (authority, target)

    def test_plain_http_needs_the_deployments_word(self) -> None:
        with pytest.raises(AddressRefused, match="Plain http"):
            outside.parse("http://hooks.example.org/", STRICT)

    @pytest.mark.parametrize("port", [22, 25, 80, 6379, 8443])
    def test_calls_no_port_that_is_not_on_the_list(self, port: int) -> None:
        with pytest.raises(AddressRefused, match="Port"):
            outside.parse(f"https://hooks.example.org:{port}/", Guard())


class TestAnswers:
    def test_sends_what_it_was_given(self, listener: Receiver) -> None:
        answer = called(at(listener.port, "/hook?a=b"), body=b'{"a":1}')
        assert (answer.status, answer.body, answer.is_cut) == (200, b"ok", False)
        head, _, body = listener.requests[0].partition(b"\r\n\r\n")
        assert head.splitlines()[0] == b"POST /hook?a=b HTTP/1.1"
        assert f"Host: 127.0.0.1:{listener.port}".encode() in head.splitlines()
        assert body == b'{"a":1}'

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_follows_no_redirect(self, status: int, listener: Receiver) -> None:
        location = f"Location: {at(listener.port)}\r\n"
        said = f"HTTP/1.1 {status} Moved\r\n{location}Content-Length: 0\r\n\r\n".encode()
        with receiver.listening(receiver.saying(said)) as moved:
            assert called(at(moved.port)).status == status
        assert listener.connections == 0

    @pytest.mark.parametrize(
        ("start", "drop"),
        [
            (b"", b""),
            (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
            (b"HTTP/1.1 ", b"2"),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", b"x"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        ],
    )
    def test_bounds_the_time_of_all_of_it(self, start: bytes, drop: bytes) -> None:
        started = time.monotonic()
        with (
            receiver.listening(receiver.dripping(start, drop)) as slow,
            pytest.raises(FetchFailed),
        ):
            called(at(slow.port))
        assert time.monotonic() - started < 2

    def test_takes_no_more_of_a_body_than_asked_for(self) -> None:
        said = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 9_000_000
        with receiver.listening(receiver.saying(said)) as huge:
            answer = called(at(huge.port))
        assert (len(answer.body), answer.is_cut) == (1024, True)

    @pytest.mark.parametrize(
        "drop", [b"X: " + b"y" * 1000 + b"\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 100]
    )
    def test_bounds_the_bytes_of_headers(self, drop: bytes) -> None:
        with (
            receiver.listening(receiver.dripping(b"HTTP/1.1 100 OK\r\n", drop, 0)) as endless,
            pytest.raises(FetchFailed),
        ):
            called(at(endless.port), bounds=Bounds(seconds=5, body_bytes=10))

    def test_inflates_no_bomb(self) -> None:
        import gzip

        bomb = gzip.compress(b"\0" * 50_000_000)
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(
            bomb
        )
        with receiver.listening(receiver.saying(head + bomb)) as bombing:
            answer = called(at(bombing.port))
        assert answer.body == bomb[:1024]
        assert b"Accept-Encoding: identity" in bombing.requests[0]

    @pytest.mark.parametrize(
        "said",
        [
            *(b"", b"hello\r\n", b"HTTP/1.1 abc\r\n\r\n", b"SSH-2.0-OpenSSH_9.6\r\n"),
            *(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"\x00" * 100),
        ],
    )
    def test_what_is_not_http_is_a_failure_in_words(self, said: bytes) -> None:
        with (
            receiver.listening(receiver.saying(said)) as other,
            pytest.raises(FetchFailed) as failure,
        ):
            called(at(other.port))
        assert failure.value.detail

    def test_nobody_there_is_a_failure_in_words(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        with pytest.raises(FetchFailed):
            called(at(port))

    def test_a_header_can_add_no_other(self, listener: Receiver) -> None:
        with pytest.raises(ValueError, match="header"):
            fetcher.post(
                at(listener.port),
                body=b"",
                headers={"X-A": "b\r\nX-Evil: 1"},
                bounds=QUICK,
                guard=HERE,
            )
        assert b"Evil" not in b"".join(listener.requests)

    def test_asks_no_proxy(self, listener: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        with Receiver() as proxy:
            for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            assert called(at(listener.port)).status == 200
        assert proxy.connections == 0


class TestTransportSecurity:
    NAMED = Guard(hosts=frozenset({"receiver.test"}), ports=frozenset())

    def call(self, listening: Receiver, trust: Trust | None) -> Answer:
        return fetcher.fetch(
            "GET",
            f"https://receiver.test:{listening.port}/",
            body=b"",
            headers={},
            bounds=QUICK,
            guard=self.NAMED,
            resolver=leading_to("127.0.0.1"),
            trust=trust.client() if trust else None,
        )

    def test_verifies_the_name_although_it_calls_the_address(self, tmp_path: Path) -> None:
        trust = Trust(tmp_path, "receiver.test")
        with Receiver(trust=trust) as listening:
            assert self.call(listening, trust).status == 200
        assert f"Host: receiver.test:{listening.port}".encode() in listening.requests[0]

    def test_refuses_another_name_and_an_unknown_authority(self, tmp_path: Path) -> None:
        for name, is_known in (("other.test", True), ("receiver.test", False)):
            trust = Trust(tmp_path, name)
            with (
                Receiver(trust=trust) as listening,
                pytest.raises(FetchFailed, match="certificate"),
            ):
                self.call(listening, trust if is_known else None)
            assert not listening.requests

    def test_a_handshake_is_bounded_too(self) -> None:
        def silent(stream: socket.socket, request: bytes) -> None:
            time.sleep(3)

        started = time.monotonic()
        with receiver.listening(silent) as listening, pytest.raises(FetchFailed):
            self.call(listening, None)
        assert time.monotonic() - started < 2
