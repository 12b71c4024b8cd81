"""People of scopes at their browsers, and the deployment whose admin they use."""

import itertools
import json
import os
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import httpx
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page

from identity.sdk.client import Client
from identity.sdk.keys import DeviceKeys
from identity.sdk.onboarding import authorize
from identity.sdk.session import Invitation, Session
from tests.serving import Served

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
PASSWORD = re.compile(r"password\n  (\S+)\n")
_counter = itertools.count(1)


@dataclass
class Person:
    """Staff of one scope; `client` is the person's own device, where there is one."""

    scope: str
    username: str
    password: str
    client: Client | None = None


@dataclass
class House:
    """One deployment with its scopes."""

    served: Served
    http: httpx.Client

    @property
    def url(self) -> str:
        return self.served.url

    def operator(self) -> Person:
        printed = PASSWORD.search(self.served.output())
        assert printed, self.served.output()
        return Person(scope="", username="operator", password=printed[1])

    def scope(self, **settings: Any) -> str:
        slug = f"acme-{next(_counter)}"
        given = [
            part
            for name, value in settings.items()
            for part in ("--set", f"{name}={json.dumps(value)}")
        ]
        self.served.manage("scopes", "create", slug, *given)
        return slug

    def staff(self, scope: str, name: str, *roles: str) -> Person:
        """Somebody who signs in and has no device."""
        username = f"{name}@example.test"
        given = [part for role in roles for part in ("--role", role)]
        printed = self.served.manage(
            "staff", "add", "--scope", scope, "--username", username, *given
        )
        found = PASSWORD.search(printed)
        assert found, printed
        return Person(scope=scope, username=username, password=found[1])

    def elector(self, scope: str, name: str, *roles: str) -> Person:
        """Somebody who signs in and has a device, so that a vote counts."""
        person = self.staff(scope, name, *roles)
        bundle = self.invite(scope, person.username)
        person.client = self.device(scope, bundle, f"{name}'s laptop", person.password)
        return person

    def invite(self, scope: str, email: str, *roles: str) -> Any:
        """An invitation's bundle from the operator's shell."""
        given = [part for role in roles for part in ("--role", role)]
        named = ("--json", "--scope", scope, "--invite", email, *given)
        return json.loads(self.served.manage("connect", "enterprise", *named))["invitation"]

    def ids(self, scope: str) -> dict[str, str]:
        """The id of one row of each kind in a scope, read from the database itself."""
        tables = {
            "user": "accounts_user WHERE",
            "device": "accounts_device WHERE",
            "group": "accounts_group WHERE",
            "solution": "accounts_solution WHERE",
            "context": "accounts_context WHERE",
            "contextmember": "accounts_contextmember WHERE ended_at IS NULL AND",
            "passkey": "accounts_passkey WHERE",
            "userkey": "accounts_wallet WHERE kind = 'secp256k1' AND",
            "role": "accounts_role WHERE",
            "rule": "accounts_rule WHERE",
            "rolecredential": "accounts_rolecredential WHERE status = 'valid' AND",
            "credential": "accounts_credential WHERE status = 'valid' AND",
            "onboarding": "accounts_onboarding WHERE state = 'failed' AND",
            "registrymembership": "accounts_registrymembership WHERE"
            " role = 'STANDARD_REGISTRY' AND",
            "invitation": "invitations_invitation WHERE",
            "proposal": "invitations_proposal WHERE",
            "policy": "invitations_policy WHERE is_locked AND",
            "openpolicy": "invitations_policy WHERE NOT is_locked AND",
            "auditevent": "identity_auditevent WHERE",
            "serverkey": "identity_serverkey WHERE",
            "webhook": "identity_webhook WHERE",
            "session": "sessions_app_session WHERE status = 'active' AND",
            "signin": "sessions_app_signin WHERE",
            "developerkey": "identity_developerkey WHERE status = 'active' AND",
            "managedkey": "accounts_managedkey WHERE EXISTS (SELECT 1 FROM"
            " accounts_keysignature WHERE key_id = accounts_managedkey.id) AND",
            "diddocument": "accounts_diddocument WHERE status = 'published' AND"
            " method = 'ledger' AND",
            "lambda": "accounts_lambda WHERE status = 'active' AND",
            "machinesession": "sessions_app_machinesession WHERE status = 'active' AND",
            "apikey": "identity_apikey WHERE status = 'active' AND",
            "provider": "sessions_app_provider WHERE",
            "application": "sessions_app_application WHERE",
            "webhookdelivery": "identity_webhookdelivery WHERE",
            "remote": "accounts_remote WHERE",
            "remotecontext": "accounts_remotecontext WHERE",
        }
        column = {"webhook": "public_id"}  # its pages go by the id that clients see
        with closing(sqlite3.connect(self.served.home / "countersign.sqlite3")) as database:
            query = "SELECT id FROM identity_scope WHERE slug = ?"
            (scope_id,) = database.execute(query, (scope,)).fetchone()
            rows = {
                noun: database.execute(
                    f"SELECT {column.get(noun, 'id')} FROM {table} scope_id = ? ORDER BY id",
                    (scope_id,),
                ).fetchone()
                for noun, table in tables.items()
            }
        return {noun: str(UUID(row[0])) for noun, row in rows.items() if row}

    def keys(self, scope: str) -> list[str]:
        """The signature keys of a scope's devices, read from the database itself."""
        with closing(sqlite3.connect(self.served.home / "countersign.sqlite3")) as database:
            query = (
                "SELECT signature_key FROM accounts_device JOIN identity_scope"
                " ON identity_scope.id = scope_id WHERE slug = ?"
            )
            return [row[0] for row in database.execute(query, (scope,))]

    def device(self, scope: str, bundle: Any, name: str, password: str = "") -> Client:
        """Register a device with an invitation's bundle, over HTTP."""
        url = f"{self.url}/s/{scope}/request"
        invitation = Invitation.from_json(bundle)
        keys = DeviceKeys.generate()
        session = authorize(url, invitation, keys, name, password, http=self.http)
        assert isinstance(session, Session), session
        return Client(url, session, http=self.http)


@dataclass
class Tab:
    """One person's browser window; what it complains about is kept."""

    house: House
    page: Page
    complaints: list[str]

    def open(self, path: str = "") -> int:
        """Go to a page of the admin; the status of the answer."""
        answer = self.page.goto(f"{self.house.url}/admin/{path}")
        assert answer is not None
        return answer.status

    def sign_in(self, person: Person, *, scope: str = "") -> "Tab":
        """Sign in; operators choose `scope` to work in."""
        self.open()
        if person.scope:
            self.page.get_by_label("Scope").fill(person.scope)
        self.page.get_by_label("Username").fill(person.username)
        self.page.get_by_label("Password").fill(person.password)
        self.press("Sign in")
        if scope:
            self.choose(scope)
        return self

    def choose(self, scope: str) -> None:
        self.open("scope/")
        self.press(scope)

    def press(self, name: str) -> None:
        """Press the button of this name."""
        self.click(self.page.get_by_role("button", name=name, exact=True))

    def follow(self, name: str) -> None:
        """Follow the first link of this name."""
        self.click(self.page.get_by_role("link", name=name).first)

    def follow_row(self) -> None:
        """Follow the link of a list's first row."""
        self.click(self.page.locator("#result_list tbody th a").first)

    def click(self, target: Locator) -> None:
        """Click what leads to another page, and wait until that one is there."""
        with self.page.expect_navigation():
            target.click()

    @property
    def text(self) -> str:
        """What a reader sees."""
        return self.page.locator("body").inner_text()

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(f"{self.house.url}/admin/")

    def picture(self, name: str) -> None:
        """Look at this page in both sizes: it must not scroll sideways.

        Pictures are for people to look at, so they are taken where BROWSER_PICTURES names a folder.
        """
        folder = os.environ.get("BROWSER_PICTURES")
        for size, (width, height) in SIZES.items():
            self.page.set_viewport_size({"width": width, "height": height})
            wide = self.page.evaluate("document.documentElement.scrollWidth")
            if folder:
                path = Path(folder) / f"{name}-{size}.png"
                self.page.screenshot(path=path, full_page=True)
            assert wide <= width, f"{name} is {wide} pixels wide at {width}"
        width, height = SIZES["desktop"]
        self.page.set_viewport_size({"width": width, "height": height})


class Tabs:
    """Windows with a profile of their own each. At the end no page may have broken the policy."""

    def __init__(
        self, chrome: Browser, house: House, color_scheme: Literal["light", "dark"] = "light"
    ) -> None:
        self.chrome = chrome
        self.color_scheme = color_scheme
        self.house = house
        self.contexts: list[BrowserContext] = []
        self.tabs: list[Tab] = []

    def new(self) -> Tab:
        width, height = SIZES["desktop"]
        context = self.chrome.new_context(
            viewport={"width": width, "height": height}, color_scheme=self.color_scheme
        )
        context.set_default_timeout(20_000)
        complaints: list[str] = []

        def listen(message: ConsoleMessage) -> None:
            # Browsers report every answer of 400 and more, also those that a test asks for.
            is_status = message.text.startswith("Failed to load resource") and (
                "/static/" not in str(message.location.get("url", ""))
            )
            if message.type in {"error", "warning"} and not is_status:
                complaints.append(f"{message.location.get('url')}: {message.text}")

        context.on("console", listen)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        tab = Tab(self.house, context.new_page(), complaints)
        self.contexts.append(context)
        self.tabs.append(tab)
        return tab

    def close(self) -> None:
        heard = [complaint for tab in self.tabs for complaint in tab.complaints]
        for context in self.contexts:
            context.close()
        assert not heard
