"""`manage.py api_keys`: list, make, renew, switch and revoke the API keys of a scope."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity import actor, ids, limits
from identity.errors import DomainError
from identity.management import shell
from identity.paging import After
from identity.services import api_key_secrets, api_keys
from identity.services.api_keys import Holder
from sessions_app import queries
from sessions_app.services import machine_keys

_ACTS: Final = {
    "disable": machine_keys.disable,
    "enable": api_keys.enable,
    "revoke": machine_keys.revoke,
}
_KINDS: Final = {"solution": "solutions", "context": "contexts", "network": "networks"}


class Command(BaseCommand):
    """A secret is printed once, by the task that makes it."""

    help = "List, make, renew, switch and revoke the API keys of a scope."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add a sub-parser per task."""
        tasks = parser.add_subparsers(dest="task", required=True)
        tasks.add_parser("list", help="keys that are not revoked, the newest first")
        making = tasks.add_parser("create", help="make a key and print its secret")
        making.add_argument("--name", required=True)
        making.add_argument("--form", choices=["bearer", "shared"], default="shared")
        making.add_argument("--permission", action="append", default=[], help="repeatable")
        for kind in _KINDS:
            making.add_argument(
                f"--{kind}", action="append", default=[], help="a limit; repeatable"
            )
        making.add_argument("--days", type=int, help="until its end; without, until revoked")
        rotation = tasks.add_parser("rotate", help="make a new secret and print it")
        rotation.add_argument("--overlap-minutes", type=int, default=0)
        for name in _ACTS:
            tasks.add_parser(name, help=f"{name} a key")
        for name, task in tasks.choices.items():
            task.add_argument("--scope", required=True, help="slug of the scope")
            if name not in {"list", "create"}:
                task.add_argument("--id", required=True, type=UUID, help="id of the key")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do one task inside the scope."""
        now, task = datetime.now(UTC), options["task"]
        try:
            with shell.scope(options["scope"]) as scope:
                by = actor.system(scope.scope_id)
                if task == "list":
                    self._list(now)
                elif task == "create":
                    self._create(options, by=by, now=now)
                elif task == "rotate":
                    self._rotate(options, by=by, now=now)
                else:
                    _ACTS[task](key_id=options["id"], by=by, now=now)
                    self.stdout.write(queries.api_key(options["id"], now=now).status)
        except DomainError as refusal:
            raise CommandError(f"{refusal} {refusal.facts or ''}".strip()) from refusal

    def _list(self, now: datetime) -> None:
        after = ""
        while True:
            window = queries.api_keys_window(After(200, after, is_descending=True), now=now)
            for row in window.rows:
                if row.status != "revoked":
                    used = f"{row.last_used_at:%Y-%m-%d}" if row.last_used_at else "never"
                    self.stdout.write(f"{row.id} {row.kind:9} {row.status:13} {used} {row.name}")
            if not window.next:
                return
            after = window.next

    def _create(self, options: dict[str, Any], *, by: actor.Actor, now: datetime) -> None:
        key_id, is_shared = ids.new(), options["form"] == "shared"
        make = api_key_secrets.new_hex_secret if is_shared else api_key_secrets.new_secret
        secret = make()
        credential = api_key_secrets.shared if is_shared else api_key_secrets.bearer
        row = api_keys.create(
            key_id=key_id,
            name=options["name"],
            credential=credential(secret),
            words=options["permission"],
            holder=Holder(via="shell"),
            limits=limits.checked(**{field: options[kind] for kind, field in _KINDS.items()}),
            expires_at=now + timedelta(days=options["days"]) if options["days"] else None,
            called=key_id.hex if is_shared else "",
            by=by,
            now=now,
        )
        self._tell(row.key_id, secret)

    def _rotate(self, options: dict[str, Any], *, by: actor.Actor, now: datetime) -> None:
        overlap = timedelta(minutes=options["overlap_minutes"])
        secret = machine_keys.rotate(key_id=options["id"], overlap=overlap, by=by, now=now)
        self._tell(queries.api_key(options["id"], now=now).called, secret)

    def _tell(self, key_id: str, secret: str) -> None:
        self.stdout.write(f"API_KEY_ID={key_id}\nAPI_KEY_SECRET={secret}")
