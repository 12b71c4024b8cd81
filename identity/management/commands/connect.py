"""`manage.py connect FACE`: what a client needs to talk to a scope, as text or JSON."""

import json
from datetime import UTC, datetime
from time import sleep
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.services import minted_registries
from identity import actor
from identity.api.blocklet import application, sent
from identity.api.enterprise import results
from identity.api.passport import snippets as constructors
from identity.errors import DomainError
from identity.management import bridge_set_up, shell, snippets
from identity.services import app_keys, scopes, server_keys
from invitations import links
from invitations.services import onboarding

FACES: Final = {
    "enterprise": "COSE envelopes at POST /request",
    "v1": "JSON with HTTP message signatures at /v1",
    "passport": "accounts that sign, by JSON-RPC over an encrypted channel",
    "blocklet": "sign-in for pages and servers of an application at /.well-known/service",
    "bridge": "programs that register keys of users in contexts, by JSON-RPC at /api",
    "guardian": "registries that onboard users with a DID, by JSON at /accounts, /profiles, /tasks",
}
WITHOUT_DEVICES: Final = frozenset({"blocklet", "bridge", "guardian", "passport"})
"""Faces whose users join by themselves: no invitation of a device leads there."""


class Command(BaseCommand):
    """One sub-command per face; each prints the facts that its clients are configured with."""

    help = "Print what a client of a face needs: address, server keys and, if asked, an invitation."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add a sub-parser per face."""
        faces = parser.add_subparsers(dest="face", required=True)
        for name, about in FACES.items():
            face = faces.add_parser(name, help=about)
            face.add_argument("--scope", required=True, help="slug of the scope")
            face.add_argument("--json", action="store_true", help="print JSON only")
            if name == "passport":
                continue
            if name == "bridge":
                face.add_argument(
                    "--mint-key",
                    action="store_true",
                    help="make an API key, shown once, and a solution and a context",
                )
                continue
            if name == "guardian":
                face.add_argument(
                    "--mint-registry",
                    metavar="NAME",
                    help="make a registry and onboard it; its password is shown once",
                )
                continue
            if name in WITHOUT_DEVICES:
                face.add_argument(
                    "--mint-app-key",
                    action="store_true",
                    help="make a key for the application's server; shown once",
                )
                continue
            face.add_argument("--invite", metavar="EMAIL", help="add an invitation")
            face.add_argument(
                "--role", action="append", default=[], help="role of the invited person; repeatable"
            )

    def handle(self, *_: Any, **options: Any) -> None:
        """Collect the facts and print them."""
        try:
            with shell.scope(options["scope"]) as scope:
                if options["face"] == "passport":
                    facts = self.passport(scope)
                elif options["face"] == "guardian":
                    facts = self.guardian(scope, options["mint_registry"])
                elif options["face"] == "bridge":
                    facts = self.bridge(scope, has_key=options["mint_key"])
                elif options["face"] in WITHOUT_DEVICES:
                    facts = self.blocklet(scope, has_key=options["mint_app_key"])
                else:
                    invited = self._invited(options, scope)
                    facts = getattr(self, options["face"])(scope, invited)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        if options["json"]:
            self.stdout.write(json.dumps(facts))
            return
        for name, value in facts.items():
            shown = json.dumps(value, indent=2) if isinstance(value, dict) else value
            is_block = isinstance(value, str) and "\n" in value
            self.stdout.write(f"\n{name}:\n\n{value}" if is_block else f"{name}: {shown}")

    def enterprise(self, scope: shell.ShellScope, invited: Any) -> dict[str, Any]:
        """Address and server keys of the COSE face; with `--invite` a bundle, shown once."""
        keys = server_keys.client_keys()
        facts: dict[str, Any] = {
            "url": shell.face_url(scope.slug, "request"),
            "server_rsa_pub_key_pem_b64": keys.encryption_pem_base64,
            "server_ecdsa_pub_key": keys.signature_hex,
        }
        return facts | ({"invitation": results.bundle(invited)} if invited else {})

    def v1(self, scope: shell.ShellScope, invited: Any) -> dict[str, Any]:
        """Addresses and the key that signs answers, and programs to start from.

        With `--invite` the Python program joins with the invitation, which is shown once.
        """
        url = shell.face_url(scope.slug, "v1")
        link = links.link_of(invited) if invited else ""
        return {
            "url": url,
            "openapi": f"{url}/openapi.json",
            "docs": f"{url}/docs/",
            "server_signature_key": server_keys.client_keys().signature_hex,
            **({"invitation": link} if link else {}),
            "curl": snippets.curl(url),
            "python": snippets.python(url, link),
            "shell": snippets.shell(url),
        }

    def blocklet(self, scope: shell.ShellScope, *, has_key: bool) -> dict[str, Any]:
        """Address and identity of the application; with `--mint-app-key` a key, shown once."""
        now = datetime.now(UTC)
        mine = application.identity(now=now)
        facts = {
            "url": shell.face_url(scope.slug, sent.ROOT.lstrip("/")),
            "app_pid": mine.permanent,
            "app_pk": mine.public_key,
            "component_id": mine.permanent,
        }
        if not has_key:
            return facts
        key = app_keys.mint(name="by connect", by=actor.system(scope.scope_id), now=now)
        return facts | {"app_sk": app_keys.secret_text(key)}

    def bridge(self, scope: shell.ShellScope, *, has_key: bool) -> dict[str, Any]:
        """The whole address; with `--mint-key` a key, shown once, and where users are."""
        facts = {"url": shell.face_url(scope.slug, "api")}
        if not has_key:
            return facts
        by, now = actor.system(scope.scope_id), datetime.now(UTC)
        place = bridge_set_up.place(by=by, now=now)
        key = bridge_set_up.mint(name="by connect", words=bridge_set_up.EVERY_WORD, by=by, now=now)
        return facts | {
            "api_key_id": key.key_id,
            "api_key_secret": key.secret,
            "solution_id": place.solution_id,
            "context_id": place.context_id,
        }

    def guardian(self, scope: shell.ShellScope, registry: str | None) -> dict[str, Any]:
        """Address and mode; with `--mint-registry` a registry's name and password, shown once."""
        is_demo = scopes.settings().demo_mode
        facts = {
            "url": shell.face_url(scope.slug, "").rstrip("/"),
            "mode": "demo" if is_demo else "standard",
        }
        if not registry:
            return facts
        by = actor.system(scope.scope_id)
        minted = minted_registries.mint(
            username=registry, by=by, clock=lambda: datetime.now(UTC), pause=lambda: sleep(0.2)
        )
        return facts | {
            "registry_username": minted.username,
            "registry_password": minted.password,
        }

    def passport(self, scope: shell.ShellScope) -> dict[str, Any]:
        """Address, id and RSA key of the scope, and the constructor call that takes them."""
        url = shell.face_url(scope.slug, "passport")
        key = server_keys.client_keys().encryption_spki_base64
        return {
            "url": url,
            "scope_id": str(scope.scope_id),
            "rsa_public_key": key,
            "snippet": constructors.constructor(url, str(scope.scope_id), key),
        }

    def _invited(self, options: dict[str, Any], scope: shell.ShellScope) -> Any:
        """What the one-time key's holder needs, if somebody is to be invited."""
        if not options["invite"]:
            return None
        return onboarding.invite(
            email=options["invite"],
            role_names=options["role"],
            by=actor.system(scope.scope_id),
            now=datetime.now(UTC),
        )
