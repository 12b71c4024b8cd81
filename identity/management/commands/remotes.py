"""`manage.py remotes`: which there are, what differs there, and bringing it into step."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import remote_calls
from accounts.models import RemoteContext
from accounts.queries import remotes as queries
from accounts.services import remote_contexts, remote_drift, remote_pace
from accounts.services.remote_outcomes import Fault
from identity import actor
from identity.errors import DomainError
from identity.management import shell


class Command(BaseCommand):
    """What it changes is recorded as done by the system; exit status 1 means that sides differ."""

    help = "List the remotes of a scope, compare contexts with them, bring them into step."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add a sub-parser per task."""
        tasks = parser.add_subparsers(dest="task", required=True)
        for name, about in (
            ("list", "the remotes of a scope, and how they do"),
            ("drift", "ask the remotes now, and say what differs"),
            ("resync", "have the remotes brought into step by the task workers"),
            ("retry", "try again what was given up"),
        ):
            task = tasks.add_parser(name, help=about)
            task.add_argument("--scope", required=True, help="slug of the scope")
            task.add_argument("--remote", help="name or id of one remote; without it all")
            if name in {"drift", "resync"}:
                task.add_argument("--context", help="id of one context here; without it all")
            if name == "resync":
                task.add_argument(
                    "--remove-unknown",
                    action="store_true",
                    help="remove members there who never were members here",
                )
            if name in {"list", "drift"}:
                task.add_argument("--json", action="store_true", help="print JSON only")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do one task."""
        try:
            with shell.scope(options["scope"]) as scope:
                getattr(self, options["task"])(options, scope.scope_id)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal

    def list(self, options: Mapping[str, Any], scope_id: UUID) -> None:
        """One line for each remote."""
        del scope_id
        rows = [row for row in queries.all_remotes() if _is_named(row, options["remote"])]
        if options["json"]:
            self.stdout.write(json.dumps([_described(row) for row in rows]))
            return
        for row in rows:
            about = row.last_error or f"{row.contexts} contexts"
            counts = f"{row.waiting} on the way, {row.given_up} given up"
            self.stdout.write(f"{row.name}  {row.status}  {row.url}  {counts}  {about}")

    def drift(self, options: Mapping[str, Any], scope_id: UUID) -> None:
        """Every context is compared, also behind the first one that differs."""
        del scope_id
        told, is_same = [], True
        for link in _links(options):
            one = _compared(link)
            told.append(one)
            is_same = is_same and not any(one[kind] for kind in remote_drift.KINDS)
            if not options["json"]:
                self._tell(one)
        if options["json"]:
            self.stdout.write(json.dumps(told))
        if not is_same:
            raise CommandError("the sides differ; `manage.py remotes resync` brings them into step")

    def resync(self, options: Mapping[str, Any], scope_id: UUID) -> None:
        """Queue it; the task workers do it."""
        count = 0
        for link in _links(options):
            remote_contexts.resync(
                remote_id=link.remote_id,
                link_id=link.id,
                removes_unknown=options["remove_unknown"],
                by=actor.system(scope_id),
                now=datetime.now(UTC),
            )
            count += 1
        self.stdout.write(f"{count} contexts are brought into step by the task workers")

    def retry(self, options: Mapping[str, Any], scope_id: UUID) -> None:
        """Queue anew what was given up."""
        for row in queries.all_remotes():
            if _is_named(row, options["remote"]):
                count = remote_contexts.retry(
                    remote_id=row.id, by=actor.system(scope_id), now=datetime.now(UTC)
                )
                self.stdout.write(f"{row.name}: {count} changes are tried again")

    def _tell(self, one: Mapping[str, Any]) -> None:
        counts = ", ".join(f"{one[kind]} {kind.replace('_', ' ')}" for kind in remote_drift.KINDS)
        sides = f"{one['here']} here, {one['there']} there, {one['waiting']} on the way"
        self.stdout.write(f"{one['remote']} / {one['context']}: {sides}; {counts}")
        for difference in one["differences"]:
            self.stdout.write(f"  {difference['kind']}: {difference['member']}")


def _compared(link: RemoteContext) -> dict[str, Any]:
    named = {"remote": link.remote.name, "context": link.context.public_id}
    if not link.context_there:
        raise CommandError(f"{named['context']} was not made at {named['remote']} yet")
    try:
        call = remote_calls.open_remote(link.remote, remote_pace.USUAL)
        report = remote_drift.compare(link, call=call, clock=lambda: datetime.now(UTC))
    except Fault as fault:
        raise CommandError(f"{named['remote']}: {fault.text}") from fault
    return {**named, **report.described()}


def _links(options: Mapping[str, Any]) -> Iterator[RemoteContext]:
    """The links that are meant. Raises CommandError where there is none."""
    rows = RemoteContext.objects.select_related("remote", "context").order_by("created_at", "id")
    found = [
        link
        for link in rows
        if _is_named(link.remote, options["remote"])
        and options["context"] in {None, link.context.public_id}
    ]
    if not found:
        raise CommandError("no such context is carried to a remote")
    yield from found


def _is_named(row: Any, wanted: str | None) -> bool:
    return wanted is None or wanted in {row.name, str(row.id)}


def _described(row: queries.RemoteRow) -> dict[str, Any]:
    shown = ("name", "url", "status", "reason", "contexts", "waiting", "given_up", "last_error")
    return {"id": str(row.id), **{name: getattr(row, name) for name in shown}}
