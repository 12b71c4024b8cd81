"""What members' devices can call, with the arguments that an access list may name, in groups.

The names are those of the protocol that devices speak; nothing here carries them out.
"""

import enum
from collections.abc import Mapping
from typing import Final


class Kind(enum.IntFlag):
    """Kinds of containers, as bits of what a member may take part in or begin."""

    THREAD = 1
    STORE = 2
    INBOX = 4
    STREAM = 8
    KVDB = 16


EVERY_KIND: Final = Kind.THREAD | Kind.STORE | Kind.INBOX | Kind.STREAM | Kind.KVDB

_TABLE: Final = """
thread/READ
 thread/threadGet threadId
 thread/threadList
 thread/threadListAll
 thread/threadMessageGet threadId messageId
 thread/threadMessagesGet threadId
 thread/threadMessagesGetMy threadId
thread/WRITE
 thread/threadCreate
 thread/threadUpdate threadId
 thread/threadDelete threadId
 thread/threadDeleteMany
 thread/threadMessageSend threadId
 thread/threadMessageUpdate threadId messageId
 thread/threadMessageDelete threadId messageId
 thread/threadMessageDeleteMany threadId
 thread/threadMessageDeleteOlderThan threadId
 thread/threadSendCustomNotification threadId
store/READ
 store/storeGet storeId
 store/storeList
 store/storeListAll
 store/storeFileGet storeId fileId
 store/storeFileGetMany storeId
 store/storeFileList storeId
 store/storeFileListMy storeId
 store/storeFileRead storeId fileId
store/WRITE
 store/storeCreate
 store/storeUpdate storeId
 store/storeDelete storeId
 store/storeDeleteMany
 store/storeFileCreate storeId
 store/storeFileWrite storeId fileId
 store/storeFileUpdate storeId fileId
 store/storeFileDelete storeId fileId
 store/storeFileDeleteMany storeId
 store/storeFileDeleteOlderThan storeId
 store/storeSendCustomNotification storeId
inbox/READ
 inbox/inboxGet inboxId
 inbox/inboxList
 inbox/inboxListAll
inbox/WRITE
 inbox/inboxCreate
 inbox/inboxUpdate inboxId
 inbox/inboxDelete inboxId
 inbox/inboxDeleteMany
 inbox/inboxSendCustomNotification inboxId
stream/READ
 stream/streamRoomGet streamRoomId
 stream/streamRoomList
 stream/streamRoomListAll
 stream/streamList streamRoomId
stream/WRITE
 stream/streamRoomCreate
 stream/streamRoomUpdate streamRoomId
 stream/streamRoomDelete streamRoomId
 stream/streamRoomDeleteMany
 stream/streamRoomClose streamRoomId
 stream/streamRoomEnableRecording streamRoomId
 stream/streamSendCustomNotification streamRoomId
 stream/streamRoomJoin streamRoomId
 stream/streamRoomLeave streamRoomId
 stream/streamPublish streamRoomId
 stream/streamUpdate streamRoomId
 stream/streamUnpublish streamRoomId
 stream/streamSubscribe streamRoomId
 stream/streamUnsubscribe streamRoomId
 stream/streamModifySubscription streamRoomId
 stream/streamTrickle streamRoomId
 stream/streamAcceptOffer streamRoomId
 stream/streamSetNewOffer streamRoomId
context/READ
 context/contextGetUsers contextId
 context/contextListUsers contextId
context/WRITE
 context/contextSendCustomNotification contextId
kvdb/READ
 kvdb/kvdbGet kvdbId
 kvdb/kvdbList
 kvdb/kvdbListAll
 kvdb/kvdbEntryGet kvdbId entryKey
 kvdb/kvdbListKeys kvdbId
 kvdb/getKvdbEntries kvdbId
kvdb/WRITE
 kvdb/kvdbCreate
 kvdb/kvdbUpdate kvdbId
 kvdb/kvdbDelete kvdbId
 kvdb/kvdbDeleteMany
 kvdb/kvdbSendCustomNotification kvdbId
 kvdb/kvdbEntrySet kvdbId entryKey
 kvdb/kvdbEntryDelete kvdbId entryKey
 kvdb/kvdbEntryDeleteMany kvdbId
"""

# The checkers of devices' servers hold the reads of these three in WRITE where their writes were
# meant. A list must mean the same here and there, so it does here, too: who means all writes
# names the groups, or ALL.
_READ_BY_WRITE: Final = frozenset({"thread", "inbox", "stream"})
# The same checkers take these names for groups that hold nothing. A list with such a line is good
# there, and so here; it allows and denies nothing.
_EMPTY: Final = (
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
)


def _read(table: str) -> tuple[dict[str, frozenset[str]], dict[str, list[str]]]:
    functions: dict[str, frozenset[str]] = {}
    groups: dict[str, list[str]] = {}
    group: list[str] = []
    for line in table.strip().splitlines():
        name, *arguments = line.split()
        if line.startswith(" "):
            functions[name] = frozenset(arguments)
            group.append(name)
        else:
            group = groups.setdefault(name, [])
    return functions, groups


def _together(groups: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    rooms = {name.partition("/")[0] for name in groups}
    found = {name: frozenset(members) for name, members in groups.items()}
    for room in rooms:
        found[f"{room}/ALL"] = found[f"{room}/READ"] | found[f"{room}/WRITE"]
    found["READ"] = frozenset().union(*(found[f"{room}/READ"] for room in rooms))
    found["WRITE"] = frozenset().union(
        *(found[f"{room}/{'READ' if room in _READ_BY_WRITE else 'WRITE'}"] for room in rooms)
    )
    found["ALL"] = frozenset().union(*(found[f"{room}/ALL"] for room in rooms))
    return found | dict.fromkeys(_EMPTY, frozenset[str]())


_FUNCTIONS, _GROUPS = _read(_TABLE)
FUNCTIONS: Final[Mapping[str, frozenset[str]]] = _FUNCTIONS
"""All 82 functions in the order of their groups, with the arguments that a line may name."""
GROUPS: Final[Mapping[str, frozenset[str]]] = _together(_GROUPS)
"""Names of groups, which take no arguments, and the functions of each."""

ENTRANCES: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.THREAD: frozenset({"thread/threadGet"}),
    Kind.STORE: frozenset({"store/storeGet"}),
    Kind.INBOX: frozenset({"inbox/inboxGet"}),
    Kind.STREAM: frozenset({"stream/streamRoomGet"}),
    Kind.KVDB: frozenset({"kvdb/kvdbGet"}),
}
"""Without these nobody takes part in a container: not even its name is told."""
BEGINNINGS: Final[Mapping[Kind, str]] = {
    Kind.THREAD: "thread/threadCreate",
    Kind.STORE: "store/storeCreate",
    Kind.INBOX: "inbox/inboxCreate",
    Kind.STREAM: "stream/streamRoomCreate",
    Kind.KVDB: "kvdb/kvdbCreate",
}
"""What makes a new container of each kind."""
