"""One verified message in, one answer out: a single request, or batches of them (§1.2 and §3.3)."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from django.db import transaction

from identity.api.enterprise import errors, inputs, outputs, results, route, routes
from identity.api.enterprise.asked import Answer, Asked
from identity.api.enterprise.call import Call
from identity.api.enterprise.inputs import Item, Message
from identity.api.enterprise.route import Route
from identity.errors import DomainError, Forbidden, Invalid
from identity.services import idempotency, server_keys
from invitations.services import governance
from invitations.services.governance import Pending, Step

Found = tuple[Route, Asked]
_CHANGES_ONLY: Final = "An atomic batch holds only changes, and no votes."
_VOTES: Final = frozenset({"approve", "reject"})
_ALONE: Final = "Send this request by itself, in no batch."


def answer(payload: Mapping[str, Any], call: Call) -> Answer:
    """Do what a verified message asks for, in the scope in force; refusals are answers too.

    `payload` is strict JSON (`identity.crypto.strict_json`). Single requests answer with status,
    details and metadata; batches with `batch` and `atomicBatch`, in the order of the request.
    """
    try:
        message = inputs.message(payload)
        if message.idempotency_key is None or call.invitation_id is not None:
            # The holder of an invitation repeats with the same keys instead (§3.5).
            return _answered(message, payload, call)
        return _once(message.idempotency_key, message, payload, call)
    except DomainError as refusal:
        return errors.body(refusal)


def _answered(message: Message, payload: Mapping[str, Any], call: Call) -> Answer:
    if message.batch is None and message.atomic_batch is None:
        return _done(_found(message, payload, call))
    return _batches(message, payload, call)


def _once(key: str, message: Message, payload: Mapping[str, Any], call: Call) -> Answer:
    """The outcome of the first time, or do it now: the claim commits with the command (§3.5)."""
    if _is_alone(message):
        return _once_apart(key, message, payload, call)
    with transaction.atomic():
        outcome = _claimed(key, payload, call)
        if outcome is None:
            outcome = _answered(message, payload, call)
            _keep(key, outcome, call)
    return outcome


def _once_apart(key: str, message: Message, payload: Mapping[str, Any], call: Call) -> Answer:
    """The same for what counts wrong passwords: no transaction around it may undo the count."""
    with transaction.atomic():
        outcome = _claimed(key, payload, call)
        transaction.set_rollback(True)
    if outcome is not None:
        return outcome
    outcome = _answered(message, payload, call)
    with transaction.atomic():
        if _claimed(key, payload, call) is None:
            _keep(key, outcome, call)
    return outcome


def _claimed(key: str, payload: Mapping[str, Any], call: Call) -> Answer | None:
    asked_for = {name: value for name, value in payload.items() if name != "idempotency_key"}
    digest = hashlib.sha256(orjson.dumps(asked_for, option=orjson.OPT_SORT_KEYS)).hexdigest()
    stored = idempotency.begin(
        device_id=call.device_id, key=key, request_digest=digest, now=call.now
    )
    if stored is None:
        return None
    outcome: Answer = orjson.loads(stored)
    return outcome


def _keep(key: str, outcome: Answer, call: Call) -> None:
    idempotency.finish(device_id=call.device_id, key=key, outcome=orjson.dumps(outcome))


def _is_alone(message: Message) -> bool:
    if not message.action:
        return False
    return routes.find(message.action, message.resource)[0].is_alone


def _found(item: Message | Item, payload: Mapping[str, Any], call: Call) -> Found:
    known, ids = routes.find(item.action, item.resource)
    return known, _asked(known, ids, item, payload, call)


def _asked(
    known: Route,
    ids: Mapping[str, Any],
    item: Message | Item,
    payload: Mapping[str, Any],
    call: Call,
) -> Asked:
    """The request, checked for shape and, where the one door does not do it, for permission."""
    if (known.permission == route.INVITED) != (call.invitation_id is not None):
        raise Forbidden("Only the holder of an invitation authorizes a device, and nothing else.")
    details = inputs.convert(item.details, known.details)
    asked = Asked(ids=ids, details=details, payload=payload, call=call)
    if known.step is None and not _may(known, asked):
        raise Forbidden(f"This needs the permission {known.permission}.")
    return asked


def _may(known: Route, asked: Asked) -> bool:
    if known.permission in route.NOT_PERMISSIONS or asked.call.actor.may(known.permission):
        return True
    return known.own is not None and known.own(asked)


def _done(found: Found) -> Answer:
    known, asked = found
    if known.step is not None:
        return _submitted([known.step(asked)], asked.call)[0]
    return known.run(asked)


def _submitted(steps: Sequence[Step], call: Call) -> list[Answer]:
    """One answer for each step; one and the same proposal for all if approval is needed."""
    submitted = governance.submit_together(
        steps=steps, by=call.actor, now=call.now, evidence=call.evidence
    )
    if isinstance(submitted, Pending):
        return [outputs.pending(submitted.proposal_id) for _ in steps]
    return [
        outputs.success(
            results.of_command(step.action, result, client_keys=server_keys.client_keys)
        )
        for step, result in zip(steps, submitted.results, strict=True)
    ]


def _batches(message: Message, payload: Mapping[str, Any], call: Call) -> Answer:
    """`batch` first, so that the atomic part sees what it made (§1.2)."""
    if call.invitation_id is not None:
        raise Forbidden(_ALONE)
    _require_one_vote_each((*(message.batch or ()), *(message.atomic_batch or ())))
    independent = _items(message.batch or (), payload, call)
    together = _items(message.atomic_batch or (), payload, call)
    answers: Answer = {}
    if message.batch is not None:
        answers["batch"] = [_element(found) for found in independent]
    if message.atomic_batch is not None:
        answers["atomicBatch"] = _together(together, call)
    return answers


def _require_one_vote_each(items: Sequence[Mapping[str, Any]]) -> None:
    # The signed message is the evidence of every vote in it, so it must not say two things.
    voted_on = [str(item.get("resource")) for item in items if str(item.get("action")) in _VOTES]
    if len(set(voted_on)) != len(voted_on):
        raise Invalid("One message holds one vote on a proposal at most.")


def _items(
    items: Sequence[Mapping[str, Any]], payload: Mapping[str, Any], call: Call
) -> list[Found | DomainError]:
    return [_item(item, payload, call) for item in items]


def _item(item: Mapping[str, Any], payload: Mapping[str, Any], call: Call) -> Found | DomainError:
    try:
        read = inputs.convert(item, Item)
        known, ids = routes.find(read.action, read.resource)
    except DomainError as refusal:
        return refusal
    if known.is_alone:
        # Nothing of this message is done: its signed bytes hold a password and can't be kept.
        raise Invalid(_ALONE)
    try:
        return known, _asked(known, ids, read, payload, call)
    except DomainError as refusal:
        return refusal


def _element(found: Found | DomainError) -> Answer:
    """One independent element: its refusal undoes its own work and nobody else's."""
    if isinstance(found, DomainError):
        return errors.body(found)
    try:
        with transaction.atomic():
            return _done(found)
    except DomainError as refusal:
        return errors.body(refusal)


def _together(items: Sequence[Found | DomainError], call: Call) -> list[Answer]:
    """All elements or none, under one approval if any of them needs one."""
    steps = []
    for index, found in enumerate(items):
        if isinstance(found, DomainError):
            return _rolled_back(found, index, len(items))
        known, asked = found
        if known.step is None:
            return _rolled_back(Invalid(_CHANGES_ONLY), index, len(items))
        steps.append(known.step(asked))
    if not steps:
        return []
    try:
        return _submitted(steps, call)
    except DomainError as refusal:
        return _rolled_back(refusal, refusal.facts.get("step"), len(items))


def _rolled_back(refusal: DomainError, failed: int | None, count: int) -> list[Answer]:
    """The refusal where it happened; everywhere when it is about all of them together."""
    elsewhere = errors.body(errors.RolledBack() if failed is not None else refusal)
    return [errors.body(refusal) if index == failed else elsewhere for index in range(count)]
