"""Datasets in one form: the same as another implementation's, whatever nodes are called."""

import copy
import random
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyld.canon import URDNA2015

from identity.crypto import json_ld, json_ld_contexts, rdf_canonical
from identity.crypto.errors import CredentialTooComplex
from identity.crypto.rdf_canonical import Quad

TERMS = st.sampled_from(["_:a", "_:b", "_:c", "_:d", "_:e", "<urn:x>", "<urn:y>"])
OBJECTS = st.one_of(TERMS, st.sampled_from(['"1"', '"2"@en']))
QUADS = st.builds(
    Quad,
    subject=TERMS,
    predicate=st.sampled_from(["<urn:p>", "<urn:q>"]),
    object=OBJECTS,
    graph=st.sampled_from(["", "", "_:a", "_:g", "<urn:g>"]),
)


def theirs(quads: list[Quad]) -> str:
    dataset: dict[str, list[Any]] = {}
    for quad in sorted(set(quads)):
        triple = {
            "subject": _term(quad.subject),
            "predicate": _term(quad.predicate),
            "object": _term(quad.object),
        }
        name = quad.graph.strip("<>") or "@default"
        dataset.setdefault(name, []).append(copy.deepcopy(triple))
    made: str = URDNA2015().main(dataset, {"format": "application/n-quads"})
    return made


def _term(text: str) -> dict[str, str]:
    if text.startswith("_:"):
        return {"type": "blank node", "value": text}
    if text.startswith("<"):
        return {"type": "IRI", "value": text.strip("<>")}
    value, _, language = text.partition("@")
    kind = "http://www.w3.org/2001/XMLSchema#string"
    if language:
        kind = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"
    return {"type": "literal", "value": value.strip('"'), "datatype": kind, "language": language}


def names_a_node_twice(quad: Quad) -> bool:
    """Which the other one counts as two mentions; the algorithm's map holds each quad once."""
    blanks = [term for term in (quad.subject, quad.object, quad.graph) if term[:2] == "_:"]
    return len(set(blanks)) < len(blanks)


@given(st.lists(QUADS.filter(lambda quad: not names_a_node_twice(quad)), max_size=12))
def test_agrees_with_another_implementation(quads: list[Quad]) -> None:
    assert rdf_canonical.canonical(quads) == theirs(quads)


@given(st.lists(QUADS, max_size=12), st.randoms())
def test_names_and_order_make_no_difference(quads: list[Quad], chance: random.Random) -> None:
    blanks = ["_:a", "_:b", "_:c", "_:d", "_:e", "_:g"]
    names = dict(zip(blanks, chance.sample([f"_:n{n}" for n in range(20)], 6), strict=True))
    renamed = [
        Quad(*(names.get(term, term) for term in quad)) for quad in chance.sample(quads, len(quads))
    ]
    assert rdf_canonical.canonical(renamed) == rdf_canonical.canonical(quads)


def clique(size: int) -> list[Quad]:
    numbers = range(size)
    return [
        Quad(f"_:e{one}", "<urn:p>", f"_:e{other}")
        for one in numbers
        for other in numbers
        if one != other
    ]


POISON = {
    # RDFC-1.0 §7.1: everything is linked with everything, and nothing tells one from another.
    "a clique": clique(10),
    "a ring": [Quad(f"_:e{n}", "<urn:p>", f"_:e{(n + 1) % 500}") for n in range(500)],
    "twins of twins": [
        quad
        for one in range(8)
        for quad in (
            Quad("<urn:s>", "<urn:a>", f"_:p{one}"),
            *(Quad(f"_:p{one}", "<urn:b>", f"_:c{one}x{other}") for other in range(8)),
        )
    ],
}


@pytest.mark.parametrize("quads", POISON.values(), ids=POISON)
def test_refuses_a_poisoned_graph_in_time(quads: list[Quad]) -> None:
    began = time.process_time()
    with pytest.raises(CredentialTooComplex):
        rdf_canonical.canonical(quads)
    # Milliseconds at rest; the bound is for a machine where everything else is busy too.
    assert time.process_time() - began < 10


def test_small_graphs_of_that_kind_are_brought_in_order() -> None:
    assert rdf_canonical.canonical(clique(4)).count("\n") == 12


@pytest.mark.parametrize(
    ("text", "newer", "older"),
    [
        ("a\tb", '"a\\tb"', '"a\tb"'),
        ("a\x08\x0cb", '"a\\b\\fb"', '"a\x08\x0cb"'),
        ("a\x00\x7f", '"a\\u0000\\u007F"', '"a\x00\x7f"'),
        ('a\n\r"\\', '"a\\n\\r\\"\\\\"', '"a\\n\\r\\"\\\\"'),
        ("ä∞🌃", '"ä∞🌃"', '"ä∞🌃"'),
    ],
)
def test_writes_signs_as_each_of_the_two_forms_does(text: str, newer: str, older: str) -> None:
    document = {
        "@context": json_ld_contexts.CREDENTIALS_V2,
        "id": "urn:x",
        "type": "VerifiableCredential",
        "name": text,
    }
    for is_rdfc, expected in ((True, newer), (False, older)):
        (lines,) = json_ld.canonical([document], json_ld_contexts.bundled(), is_rdfc=is_rdfc)
        assert f"<https://schema.org/name> {expected} .\n" in lines
