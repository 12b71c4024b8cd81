"""The published packages in a page of an application, in Chromium with an authenticator of its own.

The page is served at an origin that is not the server's, so the browser asks for leave beforehand.
"""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from playwright.sync_api import Browser, Page

from tests.browser.keys import VirtualKey
from tests.browser.people import House
from tests.serving import ROOT

pytestmark = pytest.mark.browser

INTEROP = ROOT / "tests" / "interop"
PAGE = "<!doctype html><meta charset=utf-8><title>A shop</title><script src=page.js></script>"
MESSAGE = "0x68656c6c6f"


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, without a word."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The origin at which a folder is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page with its packages, as applications bundle them."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "index.html").write_text(PAGE)
    command = [
        str(INTEROP / "node_modules" / ".bin" / "esbuild"),
        str(INTEROP / "passport-page.mjs"),
        "--bundle",
        "--format=iife",
        "--platform=browser",
        "--log-level=error",
        f"--outfile={folder / 'page.js'}",
    ]
    subprocess.run(command, check=True, cwd=INTEROP)
    return folder


@dataclass
class Shop:
    """An application whose page is at `origin`, and what its scope's clients are made of."""

    origin: str
    stranger: str
    slug: str
    facts: dict[str, Any]


@pytest.fixture(scope="module")
def shop(house: House, bundle: Path) -> Iterator[Shop]:
    with served(bundle) as origin, served(bundle) as stranger:
        slug = house.scope(passkey_sign_up=True, passkey_rp_id="localhost", passkey_origins=origin)
        printed = house.served.manage("connect", "passport", "--scope", slug, "--json")
        yield Shop(origin, stranger, slug, json.loads(printed))


@pytest.fixture
def page(chrome: Browser) -> Iterator[Page]:
    context = chrome.new_context()
    opened = context.new_page()
    VirtualKey(opened)
    yield opened
    context.close()


def play(page: Page, shop: Shop, network: str, name: str) -> Any:
    facts = shop.facts | {"network": network}
    return page.evaluate(
        "([facts, name, message]) => playAccount(facts, name, message)", [facts, name, MESSAGE]
    )


@pytest.mark.parametrize("path", ["/", "/passport", "/s/{slug}/", "/s/{slug}/passport"])
def test_somebody_joins_and_signs_in_a_page_of_the_scope(
    house: House, shop: Shop, page: Page, path: str
) -> None:
    page.goto(shop.origin)
    address = house.url + path.format(slug=shop.slug)
    told = play(page, shop, address, f"dora at {path}")
    signer = Account.recover_message(encode_defunct(hexstr=MESSAGE), signature=told["signature"])
    assert signer.lower() == told["address"]


@pytest.mark.parametrize("path", ["/", "/s/{slug}/passport"])
def test_a_page_of_another_origin_gets_nowhere(
    house: House, shop: Shop, page: Page, path: str
) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(shop.stranger)
    address = house.url + path.format(slug=shop.slug)
    with pytest.raises(Exception, match="undefined"):
        play(page, shop, address, "eve")
    assert any("CORS" in line for line in complaints)
    # Nor is anybody there of that name afterwards.
    page.goto(shop.origin)
    assert play(page, shop, address, f"eve{len(path)}")["address"]
