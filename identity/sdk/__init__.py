"""A client for devices: keys, onboarding, signed requests, approvals.

    from identity import sdk

    invitation = sdk.Invitation.from_json(bundle)
    keys = sdk.DeviceKeys.generate()
    session = sdk.authorize(url, invitation, keys, "alice's laptop")
    if isinstance(session, sdk.Pending):
        ...  # others approve; then the same call again, with the same keys

    with sdk.Client(url, session) as client:
        me = client.request("get", "/me").details
        result = client.request("add", "/users/invite", {...}, idempotency_key="invite-bob")
        if isinstance(result, sdk.Pending):
            ...  # another person's client:
            proposal = client.proposals.read(result.proposal_id)
            client.proposals.approve(client.proposals.verify(proposal))

The same session serves `/v1`, the API in JSON:

    session = sdk.accept(url, sdk.Invitation.from_link(link), keys, "alice's laptop")
    with sdk.Api(url, session) as api:
        for user in api.items("/users"):
            ...
        outcome = api.post("/groups", {"name": "treasury"})

A refusal raises `Refused`, or `ApiRefused` over `/v1`; bytes that are not provably the server's
answer to this very request count as silence and raise `NoAnswer`. `url` is the full address of the
server's `/request`, of `/v1` for `accept` and `Api`.
"""

from identity.sdk.acceptance import accept
from identity.sdk.answers import Answer
from identity.sdk.api import Api
from identity.sdk.channel import Channel, Reply
from identity.sdk.client import Client, Item
from identity.sdk.errors import (
    ApiRefused,
    BundleInvalid,
    NoAnswer,
    NotGenuine,
    Refused,
    SdkError,
    TooManyOpenRequests,
)
from identity.sdk.keys import DeviceKeys
from identity.sdk.onboarding import authorize
from identity.sdk.proposals import Proposal, Proposals, Verified
from identity.sdk.results import BatchResult, Done, Pending, Result
from identity.sdk.session import Invitation, ServerKeys, Session
from identity.sdk.webhooks import Delivery, verify_delivery

__all__ = [
    "Answer",
    "Api",
    "ApiRefused",
    "BatchResult",
    "BundleInvalid",
    "Channel",
    "Client",
    "Delivery",
    "DeviceKeys",
    "Done",
    "Invitation",
    "Item",
    "NoAnswer",
    "NotGenuine",
    "Pending",
    "Proposal",
    "Proposals",
    "Refused",
    "Reply",
    "Result",
    "SdkError",
    "ServerKeys",
    "Session",
    "TooManyOpenRequests",
    "Verified",
    "accept",
    "authorize",
    "verify_delivery",
]
