"""The store of what messages point to: in the database, for every ledger."""

from uuid import UUID

from django.db import connection, transaction

from accounts.ledger import bounds, cid
from accounts.ledger.errors import Refused
from accounts.models import StoredContent
from identity.scoping import current, inserts, statements


class ContentStore:
    """The content of one scope."""

    def __init__(self, scope_id: UUID) -> None:
        self._scope_id = scope_id

    def put(self, content: bytes) -> str:
        """Store at most 1 MiB once and return its name. Raises Refused."""
        bounds.check_content(content)
        name = cid.of(content)
        row = StoredContent(scope_id=self._scope_id, cid=name, content=content)
        is_alone = not connection.in_atomic_block
        with current.in_scope(self._scope_id), transaction.atomic(savepoint=False):
            if is_alone:
                # Who notes that it is there commits later, and the disk has both then.
                statements.commit_without_waiting()
            inserts.insert_unless_there_later(row)
        return name

    def get(self, name: str) -> bytes | None:
        """What lies under a name. Raises Refused if it is not what the name says."""
        if not cid.is_one(name):
            return None
        with current.in_scope(self._scope_id):
            row = StoredContent.objects.filter(cid=name).first()
        if row is None:
            return None
        content = bytes(row.content)
        if cid.of(content) != name:
            raise Refused("The stored content is not what its name says.")
        return content
