"""The client under odd content: whatever a server or a file says, the errors are the client's."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity import sdk
from identity.sdk import results, server_keys

words = st.sampled_from(["success", "pending", "failed", "encryption", "signature", "00", "x"])
leaves = st.none() | st.booleans() | st.integers() | words | st.text(max_size=5)
NAMES = [
    "status",
    "details",
    "metadata",
    "error_code",
    "message",
    "proposal_id",
    "keys",
    "kid",
    "purpose",
    "public_key",
    "not_after",
    "invite_string",
    "oneTimePrivateKey",
    "deviceUuid",
    "server_rsa_pub_key_pem_b64",
    "server_ecdsa_pub_key",
    "userId",
    "sessionPrivateKeys",
    "serverPublicKeys",
    "ecdsa",
    "rsa",
    "ecdsaFurther",
    "tenant",
    "state",
    "policy_id",
    "request_sign1",
    "policy_version",
    "review_expression",
    "expires_at",
    "proposal_hash",
    "batch",
    "atomicBatch",
]
values: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inside, max_size=8)
    ),
    max_leaves=12,
)
objects = st.dictionaries(st.sampled_from(NAMES), values, max_size=12)


@given(values)
def test_any_reply_is_a_result_or_no_answer(reply: Any) -> None:
    try:
        outcome = results.read(reply)
    except sdk.NoAnswer:
        return
    assert isinstance(outcome, sdk.Done | sdk.Pending | sdk.Refused)


@given(objects, st.integers(0, 2), st.integers(0, 2))
def test_any_batch_is_answered_item_by_item_or_no_answer(
    reply: dict[str, Any], batch: int, atomic_batch: int
) -> None:
    try:
        outcome = results.read_batch(reply, batch, atomic_batch)
    except sdk.NoAnswer:
        return
    assert (len(outcome.batch), len(outcome.atomic_batch)) == (batch, atomic_batch)


@given(values)
def test_any_list_of_keys_without_good_ones_is_no_answer(details: Any) -> None:
    with pytest.raises(sdk.NoAnswer):
        server_keys.read(details, now=0)


@given(objects)
def test_any_bundle_without_good_keys_is_invalid(bundle: dict[str, Any]) -> None:
    for read in (sdk.Invitation.from_json, sdk.Session.from_json, sdk.DeviceKeys.from_json):
        with pytest.raises(sdk.BundleInvalid):
            read(bundle)


class Saying:
    """A client whose every answer is the same."""

    def __init__(self, details: Any) -> None:
        self.details = details
        self.session: Any = None

    def request(self, *_: Any) -> sdk.Done:
        return sdk.Done(self.details)


@given(values)
def test_any_proposal_that_is_none_is_no_answer(details: Any) -> None:
    with pytest.raises(sdk.NoAnswer):
        sdk.Proposals(Saying(details)).read(UUID(int=1))
