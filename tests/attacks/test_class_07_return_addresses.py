"""Class 7 of the known attacks: somebody is sent with a code to where the attacker reads it.

Seen in Keycloak as CVE-2024-8883, CVE-2026-3872 (`..;/`), CVE-2026-7504 and CVE-2026-9689, in
Better Auth as GHSA-86j7. What is registered has one plain form, and only the very text goes.
"""

import itertools
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import pytest

from identity import ids
from identity.errors import Invalid
from sessions_app import return_addresses
from sessions_app.errors import ReturnRefused
from sessions_app.services import applications, authorization_codes
from tests import cast
from tests.visitors import Visitor

HOST, PATH = "shop.example.org", "/signed/in"
REGISTERED = f"https://{HOST}{PATH}"
EVIL = "evil.example"

SCHEMES = (
    *("http", "HTTPS", "javascript", "data", "ftp", "ws", "file", "vbscript", "blob", "about"),
    *("https:", "https:/", "https:\\", "//", "///", "\\\\", "https:///", "ht\ttps", " https"),
)
HOSTS = (
    *(EVIL, f"{HOST}.{EVIL}", f"{EVIL}#{HOST}", f"{EVIL}?{HOST}", f"{EVIL}/{HOST}"),
    *(f"{EVIL}\\{HOST}", f"{HOST}@{EVIL}", f"{EVIL}%2F{HOST}", f"{HOST}%40{EVIL}"),
    *(f"{HOST}%00.{EVIL}", f"{HOST}%23@{EVIL}", f"{HOST}:443@{EVIL}", f"a:b@{HOST}"),
    *(f"{HOST}:80@{EVIL}:443", f"{HOST}.", f"{HOST}..", f".{HOST}", f"sub.{HOST}", "example.org"),
    *(HOST.upper(), f"{HOST}:0443", f"{HOST}:", f"{HOST}:65536", f"{HOST}:-1", f"{HOST}:443:1"),
    *(
        "shop.examp1e.org",
        "shop\u3002example.org",
        "sh\u043ep.example.org",
        "\uff53hop.example.org",
    ),
    *("127.0.0.1", "[::1]", "0x7f.1", "2130706433", "017700000001", "localhost", f"[{HOST}]"),
    *(f"{HOST}\t", f"\t{HOST}", f"{HOST}\n", f"{HOST}\r\nX: y", f" {HOST}", f"{HOST};{EVIL}"),
    *(f"{HOST},{EVIL}", f"{HOST}&{EVIL}", f"{HOST}|{EVIL}", f"{HOST}*", f"*.{EVIL}", "*"),
)
PATHS = (
    *("", "/", "//", "/signed/in/", "/signed/in//", "/signed//in", "/Signed/in", "/signed/IN"),
    *("/signed/in/..", "/signed/in/../out", "/signed/./in", "/./signed/in", "/signed/in/."),
    *("/..;/signed/in", "/signed/in/..;/out", "/signed/..;x/in", "/;/signed/in", "/signed/in;x"),
    *("/%2e%2e/signed/in", "/signed/%2e%2e/in", "/signed%2Fin", "/signed%2fin", "/signed/%69n"),
    *("/signed/in%00", "/signed/in%0a", "/signed/in%0d%0aX:%20y", "/signed/in%20", "/signed/in "),
    *("/signed/in\\", "/signed\\in", "\\signed\\in", "/signed/in%5c..", "/signed/in%5C"),
    *("/signed/in?", "/signed/in?x=1", "/signed/in?code=x", "/signed/in?state=x", "/signed/in&x"),
    *("/signed/in#", "/signed/in#x", "/signed/in%23", "/signed/in?#", "/signed/in?x=1&x=2"),
    *("/signed/in*", "/signed/*", "/*", "/signed/in%", "/signed/in%zz", "/signed/in%u0041"),
    *("/signed/in\t", "/signed/in\n", "/signed/in\0", "/signed/in\u200b", "/signed/i\u0131n"),
    *(f"/signed/in@{EVIL}", f"/signed/in//{EVIL}", f"@{EVIL}/signed/in", f".{EVIL}/signed/in"),
    *("/signed/in<script>", "/signed/in'\"", "/signed/in`", "/signed/in{x}", "/signed/in|x"),
)

# Other places than the registered one, but plain: staff may register them.
PLAIN_HOSTS = frozenset(
    {EVIL, f"{HOST}.{EVIL}", f"{EVIL}/{HOST}", f"sub.{HOST}", "example.org", "shop.examp1e.org"}
    | {"127.0.0.1", "localhost"}
)
PLAIN_PATHS = frozenset(
    {"/", "/signed/in/", "/Signed/in", "/signed/IN", "/signed/in%20", "/signed/in%23"}
    | {"/signed/in?", "/signed/in?x=1", "/signed/in&x", f"/signed/in@{EVIL}", f".{EVIL}/signed/in"}
)


def corpus() -> list[str]:
    """Some six hundred addresses, of which none is the registered one."""
    wrong = [f"{scheme}://{HOST}{PATH}" for scheme in SCHEMES]
    wrong += [f"{scheme}{HOST}{PATH}" for scheme in SCHEMES]
    wrong += [f"https://{host}{PATH}" for host in HOSTS]
    wrong += [f"https://{HOST}{path}" for path in PATHS]
    hosts, paths = HOSTS[::3], PATHS[::3]
    wrong += [f"https://{host}{path}" for host, path in itertools.product(hosts, paths)]
    wrong += [quote(REGISTERED, safe=safe) for safe in ("", ":", "/", ":/.", "/.")]
    wrong += [
        REGISTERED + tail for tail in (" ", "\t", "\n", "\0", "%00", "%20", ";", ",", "|", "'")
    ]
    wrong += [
        head + REGISTERED for head in (" ", "\t", "\n", "\0", "\ufeff", "x", "url=", "<", "'")
    ]
    wrong += [f"{REGISTERED},{REGISTERED}", f"{REGISTERED} {REGISTERED}", f"[{REGISTERED}]", ""]
    return [address for address in dict.fromkeys(wrong) if address != REGISTERED]


CORPUS = corpus()


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 500


def test_no_other_text_is_the_registered_one() -> None:
    for address in CORPUS:
        with pytest.raises(ReturnRefused):
            return_addresses.require_registered(address, [REGISTERED])
    return_addresses.require_registered(REGISTERED, [REGISTERED])


@pytest.mark.django_db
def test_nobody_is_sent_to_any_of_them() -> None:
    world = cast.world(governance=False)
    application = applications.create(
        application_id=ids.new(),
        name="Shop",
        addresses=[REGISTERED],
        by=world.system,
        now=datetime.now(UTC),
    )
    visitor = Visitor(world)
    asked = {
        "client_id": str(application.id),
        "response_type": "code",
        "code_challenge": authorization_codes.challenge_of("v" * 43),
        "code_challenge_method": "S256",
    }
    sent_on = []
    for address in CORPUS:
        query = urlencode({**asked, "redirect_uri": address}, errors="surrogatepass")
        answer = visitor.client.get(f"{visitor.base}/login?{query}")
        if answer.status_code != 400 or "Location" in answer.headers:
            sent_on.append((address, answer.status_code))
    assert not sent_on
    twice = f"{urlencode({**asked, 'redirect_uri': REGISTERED})}&redirect_uri=https://{EVIL}/"
    for query in (twice, "&".join(reversed(twice.split("&")))):
        answer = visitor.client.get(f"{visitor.base}/login?{query}")
        assert (answer.status_code, answer.headers.get("Location")) == (400, None)
    right = visitor.client.get(
        f"{visitor.base}/login?{urlencode({**asked, 'redirect_uri': REGISTERED})}"
    )
    assert right.status_code == 200


@pytest.mark.parametrize("host", [host for host in HOSTS if host not in PLAIN_HOSTS])
def test_registers_no_host_that_can_be_read_in_two_ways(host: str) -> None:
    with pytest.raises(Invalid):
        return_addresses.checked([f"https://{host}{PATH}"])


@pytest.mark.parametrize("path", [path for path in PATHS if path not in PLAIN_PATHS])
def test_registers_no_path_that_can_be_read_in_two_ways(path: str) -> None:
    with pytest.raises(Invalid):
        return_addresses.checked([f"https://{HOST}{path}"])


def test_registers_no_other_scheme() -> None:
    for scheme in SCHEMES:
        with pytest.raises(Invalid):
            return_addresses.checked([f"{scheme}://{HOST}{PATH}"])


def test_registers_what_is_plain() -> None:
    plain = [f"https://{host}{PATH}" for host in sorted(PLAIN_HOSTS)]
    plain += [f"https://{HOST}{path}" for path in sorted(PLAIN_PATHS)]
    plain = [address for address in plain if "localhost" not in address]
    for address in plain:
        assert return_addresses.checked([address]) == [address]
    assert return_addresses.checked(["http://127.0.0.1:3000/back"])
