"""JSON-LD documents as canonical N-Quads, with every member covered and nothing ever fetched.

What a signature over a graph does not cover, whoever holds the document could change: so terms
that no context defines, and members that say nothing, are refused and not dropped.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from cachetools import LRUCache
from pyld import ContextResolver, jsonld

from identity.crypto import json_ld_contexts, rdf_canonical, stable_json
from identity.crypto.errors import (
    CredentialContextUnknown,
    CredentialMalformed,
    CredentialTermUndefined,
    CredentialTooComplex,
)
from identity.crypto.json_ld_contexts import Contexts
from identity.crypto.rdf_canonical import Quad

MOST_BYTES: Final = 128 * 1024
MOST_VALUES: Final = 4_000
MOST_CONTEXTS: Final = 64
MOST_QUADS: Final = 4_000
_KEYWORDS: Final = frozenset({"@context", "@id", "@type", "@value", "@language"})
# What may stand between < and > (RFC 3987 as N-Quads has it): a line can't be smuggled in.
_IRI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|^`\\\ud800-\udfff]*")
_BLANK: Final = re.compile(r"_:[^\s<>\"]+")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_XSD_STRING: Final = "http://www.w3.org/2001/XMLSchema#string"
_LANGUAGE_STRING: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"
_REMEMBERED: Final = 64
_here: Final = threading.local()
_NAMED: Final = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}

RDFC: Final = {
    **{chr(sign): f"\\u{sign:04X}" for sign in (*range(0x20), 0x7F)},
    **_NAMED,
    '"': '\\"',
    "\\": "\\\\",
}
"""How RDFC-1.0 writes signs of a literal (§5)."""
URDNA: Final = {"\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
"""How the draft of 2015 wrote them."""


class Canonicalize(Protocol):
    """Brings a document into canonical N-Quads: here, or in a process that can be ended."""

    def __call__(
        self, documents: list[Mapping[str, Any]], contexts: Contexts, *, is_rdfc: bool
    ) -> list[str]:
        """One text for each document."""


def canonical(
    documents: list[Mapping[str, Any]], contexts: Contexts, *, is_rdfc: bool
) -> list[str]:
    """Canonical N-Quads of documents, by RDFC-1.0 or by the draft of 2015.

    Raises CredentialMalformed, CredentialContextUnknown, CredentialTermUndefined,
    CredentialTooComplex.
    """
    for document in documents:
        check_bounds(document)
        check_contexts(document, contexts)
    escapes = str.maketrans(RDFC if is_rdfc else URDNA)
    return [rdf_canonical.canonical(_quads(each, contexts, escapes)) for each in documents]


def check_bounds(document: Mapping[str, Any]) -> None:
    """Refuse what is too much before any work is put into it.

    Raises CredentialMalformed for what is not JSON or nested too deeply, CredentialTooComplex.
    """
    try:
        size = len(stable_json.text(document).encode())
    except ValueError as error:
        raise CredentialMalformed from error
    if size > MOST_BYTES or sum(1 for _ in _members(document)) > MOST_VALUES:
        raise CredentialTooComplex


def check_contexts(
    document: Mapping[str, Any], contexts: Contexts, *, is_text_signed: bool = False
) -> None:
    """Refuse contexts that are unknown, or written into the document: these could redefine.

    Where the very text is signed, its issuer chose the addresses, and one that is made of its
    content says for ever what terms mean: these pass. Raises CredentialContextUnknown.
    """
    addresses = [
        address
        for name, value in _members(document)
        if name == "@context"
        for address in (value if isinstance(value, list) else [value])
    ]
    known = all(
        isinstance(address, str)
        and (address in contexts or (is_text_signed and json_ld_contexts.is_of_content(address)))
        for address in addresses
    )
    if not known or len(addresses) > MOST_CONTEXTS:
        raise CredentialContextUnknown


def _members(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    yield name, value
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _members(member, key)
    elif isinstance(value, list):
        for item in value:
            yield from _members(item)


def _quads(document: Mapping[str, Any], contexts: Contexts, escapes: dict[int, str]) -> list[Quad]:
    _check_members(document)
    dropped: list[object] = []
    unknown: list[str] = []
    loader = _loader(contexts, unknown)
    resolver = ContextResolver(_known_to_thread(), loader)
    options: Any = {"documentLoader": loader, "contextResolver": resolver, "base": None}
    try:
        expanded = jsonld.expand(dict(document), options, on_property_dropped=dropped.append)
        if dropped:
            raise CredentialTermUndefined
        _check_addresses(expanded)
        dataset = jsonld.to_rdf(expanded, options)
    except (jsonld.JsonLdError, RecursionError, ValueError, TypeError, KeyError) as error:
        raise (CredentialContextUnknown if unknown else CredentialMalformed) from error
    quads = [
        _quad(triple, "" if graph == "@default" else _name(graph), escapes)
        for graph, triples in dataset.items()
        for triple in triples
    ]
    if len(quads) > MOST_QUADS:
        raise CredentialTooComplex
    return quads


def _check_members(document: Mapping[str, Any]) -> None:
    """Members that the graph would not hold: keywords that say nothing in it, and empty values."""
    for name, value in _members(document):
        is_hollow = value is None or (isinstance(value, list | Mapping) and not value)
        if is_hollow or (name.startswith("@") and name not in _KEYWORDS):
            raise CredentialTermUndefined


def _check_addresses(expanded: Any) -> None:
    """Relative addresses and undefined types, which RDF drops without a word."""
    for node in expanded if isinstance(expanded, list) else [expanded]:
        if not isinstance(node, Mapping):
            continue
        types = node.get("@type", [])
        for address in [*([types] if isinstance(types, str) else types), node.get("@id")]:
            is_literal = "@value" in node and address == "@json"
            if isinstance(address, str) and not is_literal and not _is_absolute(address):
                raise CredentialTermUndefined
        for name, member in node.items():
            if name != "@value":
                _check_addresses(member)


def _is_absolute(address: str) -> bool:
    return bool(_IRI.fullmatch(address) or _BLANK.fullmatch(address))


def _quad(triple: Any, graph: str, escapes: dict[int, str]) -> Quad:
    subject, predicate, target = triple["subject"], triple["predicate"], triple["object"]
    if target["type"] in {"IRI", "blank node"}:
        written = _name(target["value"])
    else:
        written = _literal(target, escapes)
    return Quad(_name(subject["value"]), _name(predicate["value"]), written, graph)


def _literal(literal: Any, escapes: dict[int, str]) -> str:
    text = f'"{literal["value"].translate(escapes)}"'
    kind = literal["datatype"]
    if kind == _LANGUAGE_STRING:
        if not _LANGUAGE.fullmatch(literal.get("language", "")):
            raise CredentialMalformed
        return f"{text}@{literal['language']}"
    return text if kind == _XSD_STRING else f"{text}^^{_name(kind)}"


def _name(value: str) -> str:
    if _BLANK.fullmatch(value):
        return value
    if not _IRI.fullmatch(value):
        raise CredentialTermUndefined
    return f"<{value}>"


def _known_to_thread() -> Any:
    """Contexts that this thread has read before; an address never means two of them."""
    if not hasattr(_here, "contexts"):
        _here.contexts = LRUCache(_REMEMBERED)
    return _here.contexts


def _loader(contexts: Contexts, unknown: list[str]) -> Any:
    """Gives out what is known, and notes what else is asked for, also by a known context."""

    def load(address: str, options: Any) -> dict[str, Any]:
        del options
        if address not in contexts:
            unknown.append(address)
            raise CredentialContextUnknown
        return {
            "contentType": "application/ld+json",
            "contextUrl": None,
            "documentUrl": address,
            "document": dict(contexts[address]),
        }

    return load
