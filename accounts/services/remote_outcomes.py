"""What the answers of a remote mean for a change and for the remote. Pure rules.

The codes are those of the management interface that remotes speak (docs/remotes.md).
"""

import enum
from collections.abc import Mapping
from typing import Final

PARSE_ERROR: Final = -32700
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
USER_DOESNT_EXIST: Final = 0x09
PUB_KEY_ALREADY_IN_USE: Final = 0x65
CONTEXT_DOES_NOT_EXIST: Final = 0x6116
SOLUTION_DOES_NOT_EXIST: Final = 0x6130
INVALID_ACL: Final = 0x6131
_OK: Final = "OK"
_LONGEST: Final = 300


class Verdict(enum.Enum):
    """What a fault is about, and so what happens next.

    `AWAY`: the remote can't be reached, or can't answer: it rests, the change waits. `CLOSED`: it
    refuses this scope's key: it rests, and is paused soon. `FAULTY`: it answered that something
    went wrong there: both rest, and the change is given up in the end. `REFUSED`: it refuses this
    change, whenever it comes: given up at once. `LIED`: it said that it was done and it is not:
    tried again a few times. `HELD`: the key stands there under another name that is unknown here:
    a drift for people to look at, given up at once.
    """

    AWAY = "away"
    CLOSED = "closed"
    FAULTY = "faulty"
    REFUSED = "refused"
    LIED = "lied"
    HELD = "held"

    @property
    def is_final(self) -> bool:
        """Whether the change is given up without another try."""
        return self in {Verdict.REFUSED, Verdict.HELD}

    @property
    def is_about_the_remote(self) -> bool:
        """Whether the remote rests."""
        return self in {Verdict.AWAY, Verdict.CLOSED, Verdict.FAULTY}

    @property
    def counts(self) -> bool:
        """Whether it uses up one of the change's tries."""
        return self in {Verdict.FAULTY, Verdict.LIED}


class Fault(Exception):
    """A call, or a change as a whole, that did not go well; `text` is for people, of ours."""

    def __init__(self, verdict: Verdict, text: str) -> None:
        super().__init__(text)
        self.verdict = verdict
        self.text = text[:_LONGEST]


class Refused(Fault):
    """The remote answered with an error of this `code`."""

    def __init__(self, code: int, message: str) -> None:
        told = _TOLD.get(code) or f"The remote refuses: {message} ({code})."
        super().__init__(_VERDICTS.get(code, Verdict.FAULTY), told)
        self.code = code


_VERDICTS: Final[Mapping[int, Verdict]] = {
    INVALID_PARAMS: Verdict.REFUSED,
    USER_DOESNT_EXIST: Verdict.REFUSED,
    PUB_KEY_ALREADY_IN_USE: Verdict.REFUSED,
    CONTEXT_DOES_NOT_EXIST: Verdict.REFUSED,
    SOLUTION_DOES_NOT_EXIST: Verdict.REFUSED,
    INVALID_ACL: Verdict.REFUSED,
    METHOD_NOT_FOUND: Verdict.CLOSED,
    0x08: Verdict.CLOSED,  # the signature
    0x15: Verdict.CLOSED,  # the token
    0x28: Verdict.CLOSED,  # the time of the signature
    0x29: Verdict.CLOSED,  # its nonce
    0x30: Verdict.CLOSED,  # access denied
    0x612B: Verdict.CLOSED,  # no such API key
    0x612C: Verdict.CLOSED,  # its secret
    0x612E: Verdict.CLOSED,  # its scope words
    0x612F: Verdict.CLOSED,  # unauthorized
    0x68: Verdict.AWAY,  # maintenance
}
_TOLD: Final[Mapping[int, str]] = {
    USER_DOESNT_EXIST: "The remote has no such member.",
    PUB_KEY_ALREADY_IN_USE: "Another member has this key there.",
    CONTEXT_DOES_NOT_EXIST: "The remote has no context of this id.",
    SOLUTION_DOES_NOT_EXIST: "The remote has no solution of this id.",
    INVALID_ACL: "The remote does not accept this access list.",
    METHOD_NOT_FOUND: "The remote does not know this method: is the address right?",
    0x30: "The remote denies access: the API key may be limited to other solutions.",
    0x28: "The remote finds the time wrong: do both clocks agree?",
    0x612E: "The remote's API key lacks the word “context”.",
    0x612F: "The remote does not accept the API key.",
    0x612B: "The remote does not accept the API key.",
    0x612C: "The remote does not accept the API key.",
    0x68: "The remote is being maintained.",
}


def of_status(status: int) -> Fault | None:
    """What an HTTP status says without any body; None for 200, whose body speaks."""
    if status == 200:
        return None
    if 300 <= status < 400:
        return Fault(Verdict.CLOSED, "The remote redirects, which is not followed.")
    if status in {401, 403, 404, 405, 410}:
        return Fault(Verdict.CLOSED, f"The remote answered {status}: is the address right?")
    return Fault(Verdict.AWAY, f"The remote answered {status}.")


def nonsense(text: str) -> Fault:
    """An answer that can't be understood: whoever gave it may do better later."""
    return Fault(Verdict.AWAY, f"The remote says what nobody understands: {text}")


def require_ok(result: object) -> None:
    """Raise Fault unless a change was answered with the one word that says it is done."""
    if isinstance(result, dict) and result.get("code") == 429:
        raise Fault(Verdict.AWAY, "The remote asks for fewer calls.")
    if result != _OK:
        raise nonsense("something else than “OK” as the result of a change.")
