"""Which hosts the lambdas of a scope may call: the setting `lambda_hosts`, judged and read."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from identity.services import outside
from identity.services.outside import AddressRefused, Guard

LONGEST: Final = 4000
MOST_HOSTS: Final = 50


def fault(name: str, value: Any) -> str:
    """What is wrong with the value of one of TEXTS, "" for nothing."""
    if not isinstance(value, str) or len(value) > LONGEST or not value.isprintable():
        return f"this is a text of at most {LONGEST} visible characters"
    return TEXTS[name](value)


def is_weaker(old: str, new: str) -> bool:
    """Whether another list opens a host that was closed before."""
    return not hosts(new) <= hosts(old)


def hosts(text: str) -> frozenset[str]:
    """The hosts in the setting; none where it is empty."""
    return frozenset(text.split())


def _hosts(text: str) -> str:
    words = text.split()
    if len(words) > MOST_HOSTS:
        return f"these are at most {MOST_HOSTS} hosts"
    wrong = next((word for word in words if not _is_host(word)), "")
    return f"{wrong} is not the name of a host, such as api.example.org" if wrong else ""


def _is_host(text: str) -> bool:
    # Just a name, as the fetcher compares it: in lower case, without a port. Which addresses it
    # may lead to is judged at each call.
    try:
        found = outside.parse(f"https://{text}/", Guard(hosts=frozenset({text})))
    except AddressRefused:
        return False
    return (found.host, found.target) == (text, "/")


TEXTS: Final[Mapping[str, Callable[[str], str]]] = {"lambda_hosts": _hosts}
"""The settings that are texts, each with what judges it."""
