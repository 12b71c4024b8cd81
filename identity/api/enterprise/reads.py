"""What can be read: each handler makes one query and puts its answer into wire words."""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

from accounts import queries as accounts
from identity import queries as ground
from identity.api.enterprise import outputs, results
from identity.api.enterprise.asked import Answer, Asked
from identity.errors import Forbidden, Missing
from identity.paging import Listed, Page
from identity.services import server_keys as keys
from invitations import queries as invitations
from invitations.services import bundles, proposals

_KINDS = {"regular": "person", "api": "program"}


def me(asked: Asked) -> Answer:
    """The caller's own account."""
    actor = asked.call.actor
    shown = outputs.user(accounts.described(accounts.own(actor)))
    return outputs.success(shown | {"device_uuid": outputs.text(actor.device_id)})


def user(asked: Asked) -> Answer:
    """One user."""
    row = accounts.user(asked.ids["user"])
    return outputs.success(outputs.user(accounts.described(row)))


def users(asked: Asked) -> Answer:
    """A page of users."""
    page = asked.details.page()
    kind = page.filters.get("kind")
    if kind is not None:
        page = dataclasses.replace(page, filters={**page.filters, "kind": _KINDS[kind]})
    return _page(accounts.users(page), outputs.user)


def devices(asked: Asked) -> Answer:
    """A page of one user's devices; the reference nests them."""
    listed = accounts.devices_of(asked.ids["user"], asked.details.page())
    return outputs.listed({"devices": _shown(listed.rows, outputs.device)}, listed.total)


def device(asked: Asked) -> Answer:
    """One device of one user."""
    row = accounts.device_of(asked.ids["user"], asked.ids["device"])
    return outputs.success(outputs.device(accounts.described(row)))


def invitation(asked: Asked) -> Answer:
    """One invitation, without its secrets."""
    row = invitations.invitation(asked.ids["invitation"], now=asked.call.now)
    return outputs.success(outputs.invitation(row))


def invitations_page(asked: Asked) -> Answer:
    """A page of invitations."""
    listed = invitations.invitations(asked.details.page(), now=asked.call.now)
    return outputs.listed([outputs.invitation(row) for row in listed.rows], listed.total)


def role(asked: Asked) -> Answer:
    """One role, predefined ones by their names."""
    row = accounts.role(str(asked.ids["role"]))
    return outputs.success(outputs.role(accounts.described(row)))


def rule(asked: Asked) -> Answer:
    """One rule."""
    row = accounts.rule(asked.ids["rule"])
    return outputs.success(outputs.rule(accounts.described(row)))


def group(asked: Asked) -> Answer:
    """One group with its first members."""
    row = accounts.group(asked.ids["group"])
    return outputs.success(outputs.group(accounts.described(row)))


def recipient(asked: Asked) -> Answer:
    """One recipient."""
    row = accounts.recipient(asked.ids["recipient"])
    return outputs.success(outputs.recipient(accounts.described(row)))


def recipient_group(asked: Asked) -> Answer:
    """One list of recipients with the first ones on it."""
    row = accounts.recipient_group(asked.ids["group"])
    return outputs.success(outputs.recipient_group(accounts.described(row)))


def roles(asked: Asked) -> Answer:
    """A page of roles, predefined ones first."""
    return _page(accounts.roles(asked.details.page()), outputs.role)


def rules(asked: Asked) -> Answer:
    """A page of rules."""
    return _page(accounts.rules(asked.details.page()), outputs.rule)


def groups(asked: Asked) -> Answer:
    """A page of groups; who is in one is told with that one."""
    return _page(accounts.groups(asked.details.page()), outputs.group_line)


def recipients(asked: Asked) -> Answer:
    """A page of recipients."""
    return _page(accounts.recipients(asked.details.page()), outputs.recipient)


def recipient_groups(asked: Asked) -> Answer:
    """A page of lists of recipients; who is on one is told with that one."""
    listed = accounts.recipient_groups(asked.details.page())
    return _page(listed, outputs.recipient_group_line)


def policy(asked: Asked) -> Answer:
    """One policy."""
    return outputs.success(outputs.policy_row(invitations.policy(asked.ids["policy"])))


def policies(asked: Asked) -> Answer:
    """A page of policies in the order in which they are tried."""
    listed = invitations.policies(asked.details.page())
    return outputs.listed([outputs.policy_row(row) for row in listed.rows], listed.total)


def proposals_page(asked: Asked) -> Answer:
    """A page of proposals; one's own may be listed without a permission."""
    page: Page = asked.details.page()
    call = asked.call
    listed = invitations.proposals_page(page, by=call.actor, now=call.now)
    return outputs.listed([outputs.proposal(row) for row in listed.rows], listed.total)


def proposal(asked: Asked) -> Answer:
    """One proposal with all that a voter needs; its proposer takes the outcome along, once."""
    call = asked.call
    detail = _proposal(asked)
    outcome = None
    if detail.row.has_outcome:
        outcome = proposals.take_outcome(proposal_id=detail.row.id, by=call.actor, now=call.now)
    if outcome is not None:
        outcome = [
            results.of_command(change["command"], result, client_keys=keys.client_keys)
            for change, result in zip(detail.commands, outcome, strict=True)
        ]
    shown = outputs.proposal_detail(
        detail,
        tenant=call.actor.scope_id,
        proposer_key=detail.proposer_key,
        outcome=outcome,
    )
    return outputs.success(shown)


def evidence(asked: Asked) -> Answer:
    """The bundle that proves a proposal's course offline."""
    if not asked.call.actor.may("proposals:get"):
        _proposal(asked)
    return outputs.success(bundles.export(asked.ids["proposal"], now=asked.call.now))


def server_keys(asked: Asked) -> Answer:
    """The public keys of the server that are of use now."""
    rows = ground.server_keys(now=asked.call.now)
    return outputs.listed({"keys": [outputs.server_key(row) for row in rows]}, len(rows))


def audit(asked: Asked) -> Answer:
    """A page of the audit record."""
    listed = ground.audit_page(asked.details.page())
    return outputs.listed([outputs.audit_event(row) for row in listed.rows], listed.total)


def _proposal(asked: Asked) -> invitations.ProposalDetail:
    """The proposal of the path; without the permission only one's own, be it there or not."""
    actor = asked.call.actor
    if actor.may("proposals:get"):
        return invitations.proposal(asked.ids["proposal"], now=asked.call.now)
    refusal = Forbidden("This needs the permission proposals:get.")
    try:
        detail = invitations.proposal(asked.ids["proposal"], now=asked.call.now)
    except Missing:
        raise refusal from None
    if actor.public_id is None or detail.row.proposer != actor.public_id:
        raise refusal
    return detail


def _page(listed: Listed[Any], shown: Callable[[outputs.Row], outputs.Words]) -> Answer:
    return outputs.listed(_shown(listed.rows, shown), listed.total)


def _shown(
    rows: Iterable[Any], shown: Callable[[outputs.Row], outputs.Words]
) -> list[outputs.Words]:
    return [shown(accounts.described(row)) for row in rows]
