"""Key pairs of members from the shell: random, or of what somebody remembers."""

import getpass
import sys
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser

from identity.crypto import derived_keys, user_key
from identity.crypto.errors import KeyInvalid
from identity.crypto.user_key import PrivateKey

_LONGEST: Final = 4096


def add_arguments(parser: CommandParser) -> None:
    """Options of `genkeypair`."""
    group = parser.add_argument_group("genkeypair", "prints PRIV_WIF= and PUB_58=")
    source = group.add_mutually_exclusive_group()
    source.add_argument(
        "--from-password",
        action="store_true",
        help="of a password and a salt, two lines of the input",
    )
    source.add_argument(
        "--from-words",
        action="store_true",
        help="of a mnemonic (BIP-39) and its password, two lines of the input",
    )
    group.add_argument(
        "--rounds",
        type=int,
        choices=(derived_keys.ROUNDS, derived_keys.OLDER_ROUNDS),
        default=derived_keys.ROUNDS,
        help="of a password: the smaller number finds keys that older devices made",
    )


def lines(options: dict[str, Any]) -> list[str]:
    """A key pair as `NAME=value`; the private half is nowhere else."""
    key = _key(options)
    return [f"PRIV_WIF={key.wif}", f"PUB_58={key.public.text}"]


def _key(options: dict[str, Any]) -> PrivateKey:
    if options["from_password"]:
        password, salt = _asked("Password: "), _asked("Salt: ")
        if not password or not salt:
            raise CommandError("A password and a salt are needed, a line each.")
        return derived_keys.of_password(password, salt, rounds=options["rounds"])
    if not options["from_words"]:
        return user_key.generate()
    words = _asked("Words: ")
    try:
        return derived_keys.of_mnemonic(words, _asked("Their password (empty for none): "))
    except KeyInvalid as refusal:
        raise CommandError(str(refusal)) from refusal


def _asked(prompt: str) -> str:
    """A line that the terminal does not show, or one of a pipe."""
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    return sys.stdin.readline(_LONGEST).removesuffix("\n")
