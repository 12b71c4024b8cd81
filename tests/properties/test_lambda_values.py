"""Whatever a value says, it stays where its placeholder stands; whatever is sent, it is read."""

import json
import urllib.parse
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from accounts import errors
from accounts.lambdas import config, requests, substitution, templates
from accounts.lambdas.config import Fetch
from accounts.lambdas.templates import Given
from identity.errors import DomainError

HOSTS = frozenset({"api.example.org"})
# Code may answer halves of characters.
TEXTS = st.text(st.characters(codec=None, categories=None))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        *("type", "code", "fetch", "conditions", "actions", "data", "endpoint", "headers", "envs"),
        *("personal_sign", "authorization", "none", "post_hooks", "https://api.example.org/"),
        "0x00",
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | NAMES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=20,
)


@given(value=VALUES)
@example(value="/../x?y=z#")
@example(value="@evil.test/")
@example(value="\r\nHost: evil.test")
def test_a_value_is_one_piece_of_an_address(value: Any) -> None:
    fetch = Fetch("https://api.example.org/a/<<inputs.0>>/b?c=<<inputs.0>>", substitution=True)
    try:
        made = requests.made(fetch, Given(inputs=(value,)), hosts=HOSTS)
    except errors.LambdaFailed:
        return
    parts = urllib.parse.urlsplit(made.url)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "api.example.org", "")
    before, piece, after = parts.path.removeprefix("/").split("/")
    assert (before, after) == ("a", "b")
    assert made.url.isascii()
    told = value if isinstance(value, str) else json.loads(urllib.parse.unquote(piece))
    assert urllib.parse.unquote(piece) == told or told == value
    assert parts.query == f"c={piece}"


@given(value=VALUES)
def test_a_value_in_a_header_is_one_line_of_ascii(value: Any) -> None:
    fetch = Fetch("https://api.example.org/", headers={"X-A": "a<<inputs.0>>"}, substitution=True)
    try:
        made = requests.made(fetch, Given(inputs=(value,)), hosts=HOSTS)
    except errors.LambdaFailed:
        return
    assert made.headers["X-A"].isascii()
    assert made.headers["X-A"].isprintable()


@given(value=VALUES)
def test_a_value_in_hex_is_hex_and_in_a_text_its_text(value: Any) -> None:
    given_ = Given(inputs=(value,))
    try:
        data = templates.message("0xaa<<inputs.0>>", given_, is_template=True)
    except errors.LambdaFailed:
        pass
    else:
        assert isinstance(value, str)
        assert data == b"\xaa" + bytes.fromhex(value.removeprefix("0x"))
    try:
        text = templates.message("n: <<inputs.0>>", given_, is_template=True)
    except errors.LambdaFailed:
        return
    assert text.startswith(b"n: ")


@given(code=st.text())
@example(code="'<<inputs.0>>' \"<<envs.1>>\" `<<conditions.2>>` <<inputs.0>>")
def test_no_placeholder_is_left_and_nothing_else_is_changed(code: str) -> None:
    named = substitution.named(code)
    assert substitution.PLACEHOLDER.search(named) is None
    if "<<" not in code:
        assert named == code


@settings(max_examples=300)
@given(sent=st.dictionaries(NAMES | st.text(max_size=4), ANYTHING, max_size=8))
def test_reads_or_refuses_whatever_is_sent(sent: dict[str, Any]) -> None:
    try:
        found = config.read(sent, hosts=HOSTS)
    except DomainError:
        return
    assert config.loaded(json.loads(json.dumps(config.stored(found)))) == found
