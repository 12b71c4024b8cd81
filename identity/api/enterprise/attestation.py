"""Statements that the server signs where a person's own signed bytes can't be kept."""

import copy
from collections.abc import Mapping
from typing import Any

import orjson

from accounts import queries as accounts
from identity.api.enterprise.call import Call
from identity.services import attestations
from invitations.services.evidence import Evidence


def without_password(payload: Mapping[str, Any], call: Call) -> Evidence:
    """The request as the server saw it, its password taken out, signed by the server.

    The holder's own signature covers the password and so can't be kept. Invitation holders have
    an account already; its client-visible id is what the statement names.
    """
    shown = copy.deepcopy(dict(payload))
    for item in (shown, *shown.get("batch", ()), *shown.get("atomicBatch", ())):
        details = item.get("details")
        if isinstance(details, dict):
            details.pop("password", None)
    shown["user"] = str(accounts.public_id_of(call.actor.user_id))
    statement = attestations.request(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS))
    return Evidence(sign1=statement, is_attested=True)
