"""`manage.py bridge`: calls of the face of programs and contexts from the shell; key tools."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity import actor
from identity.errors import DomainError
from identity.management import bridge_calls, bridge_key_tools, bridge_set_up, shell
from identity.management.bridge_calls import CallFailed, Key

_KEY_PAIR: Final = "genkeypair"
_API_KEY: Final = "createApiKey"


class Command(BaseCommand):
    """One call of a method; nothing secret is taken from the command line."""

    help = (
        "Call a method of the face `bridge` and print its answer; ends with 1 if that is an error. "
        "The API key comes from API_KEY_ID and API_KEY_SECRET of the environment; without them the "
        "call carries no authorization."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the call's arguments."""
        parser.add_argument(
            "method", help="such as context/listContexts, or genkeypair, createApiKey"
        )
        parser.add_argument("params", nargs="?", default="{}", help="as JSON; {} unless given")
        parser.add_argument("--url", help="address with /api; this deployment's own unless given")
        parser.add_argument("--scope", help="slug of a scope: its address /s/<slug>/api")
        parser.add_argument("--auth", choices=bridge_calls.WAYS, default="hmac")
        parser.add_argument("--key-id", help="instead of API_KEY_ID")
        parser.add_argument(
            "--secret-file", type=Path, help="a file with the secret, instead of API_KEY_SECRET"
        )
        parser.add_argument(
            "--private-key", type=Path, help="a PEM file of Ed25519, for a key without a secret"
        )
        parser.add_argument("--json", metavar="PATH", help="print this part of the answer only")
        parser.add_argument("-r", "--raw", action="store_true", help="print a text without quotes")
        bridge_key_tools.add_arguments(parser)
        minted = parser.add_argument_group(
            "createApiKey", "prints API_KEY_ID= and API_KEY_SECRET= of a new key of --scope"
        )
        minted.add_argument("--name", default="by the shell", help="what uses it")
        minted.add_argument(
            "--access", action="append", metavar="WORD", help="a scope word; repeatable"
        )
        minted.add_argument(
            "--public-key", type=Path, help="a PEM file of Ed25519: the key then has no secret"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Call, print, and end with 1 for an error; or make keys."""
        if options["method"] == _API_KEY:
            self.stdout.write("\n".join(_minted(options)))
            return
        if options["method"] == _KEY_PAIR:
            self.stdout.write("\n".join(bridge_key_tools.lines(options)))
            return
        try:
            params = json.loads(options["params"])
        except ValueError as error:
            raise CommandError(f"The parameters are no JSON: {error}") from error
        try:
            answer = bridge_calls.call(
                _url(options), options["method"], params, key=_key(options), way=options["auth"]
            )
            if "error" in answer:
                self.stdout.write(json.dumps(answer))
                sys.exit(1)
            shown = bridge_calls.part_of(answer, options["json"] or ".")
        except CallFailed as failure:
            raise CommandError(str(failure)) from failure
        self.stdout.write(bridge_calls.text_of(shown, is_raw=options["raw"]))


def _minted(options: dict[str, Any]) -> list[str]:
    if not options["scope"]:
        raise CommandError("Say whose key it shall be: --scope acme")
    public_key = _text_of(options["public_key"]) if options["public_key"] else ""
    try:
        with shell.scope(options["scope"]) as scope:
            made = bridge_set_up.mint(
                name=options["name"],
                words=tuple(options["access"] or bridge_set_up.EVERY_WORD),
                public_key=public_key,
                by=actor.system(scope.scope_id),
                now=datetime.now(UTC),
            )
    except DomainError as refusal:
        raise CommandError(str(refusal)) from refusal
    told = [f"API_KEY_ID={made.key_id}"]
    return [*told, f"API_KEY_SECRET={made.secret}"] if made.secret else told


def _url(options: dict[str, Any]) -> str:
    if options["url"]:
        return str(options["url"])
    if options["scope"]:
        return shell.face_url(options["scope"], "api")
    return f"{settings.BASE_URL.rstrip('/')}/api"


def _key(options: dict[str, Any]) -> Key | None:
    key_id = options["key_id"] or os.environ.get("API_KEY_ID", "")
    if not key_id:
        return None
    if options["private_key"]:
        if options["auth"] == "basic":
            raise CommandError("A key without a secret can't use --auth basic.")
        return Key(key_id, private=bridge_calls.private_key(options["private_key"]))
    secret = _secret(options["secret_file"])
    if not secret:
        raise CommandError("Set API_KEY_SECRET, or give --secret-file or --private-key.")
    return Key(key_id, secret=secret)


def _secret(path: Path | None) -> str:
    if path is None:
        return os.environ.get("API_KEY_SECRET", "")
    return _text_of(path).strip()


def _text_of(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"Can't read {path}.") from error
