"""The dry run beside the editor: what a command would meet now and with the text that is written.

Everything is asked of `invitations.services.dry_run`, which changes nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.http import QueryDict
from django.utils.safestring import SafeString

from identity.actor import Actor
from identity.admin import components
from identity.errors import DomainError
from invitations.admin import policy_samples, policy_words
from invitations.admin.policy_forms import PolicyForm, TrialForm
from invitations.services import dry_run
from invitations.services.dry_run import Finding, Outcome, Verdict

LATEST: Final = 20
_OUTCOMES: Final[Mapping[Outcome, tuple[str, str]]] = {
    Outcome.ALLOWED: ("allowed", "good"),
    Outcome.DENIED: ("denied", "bad"),
    Outcome.REVIEW: ("needs review", "attention"),
    Outcome.UNREACHABLE: ("unreachable", "bad"),
    Outcome.FORBIDDEN: ("not your right", "bad"),
    Outcome.TOO_WIDE: ("wider than your rights", "bad"),
    Outcome.INVALID: ("invalid", "bad"),
    Outcome.REFUSED: ("refused", "bad"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One verdict in words: the outcome, why, what is missing, who could approve and who not."""

    title: str
    badge: SafeString
    reason: str
    review: str
    missing: Sequence[str]
    able: Sequence[str]
    unable: Sequence[tuple[str, str]]
    spoke: Sequence[Finding]
    silent: Sequence[Finding]
    facts: str


@dataclass(frozen=True, slots=True)
class Past:
    """A proposal of the past under both texts."""

    proposal: UUID
    what: str
    at: datetime
    before: SafeString
    after: SafeString
    is_changed: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """What a press of “What would this decide?” answers."""

    command: str
    verdicts: Sequence[Shown]
    past: Sequence[Past] | None

    @property
    def is_same(self) -> bool:
        """Whether the text that is written changes nothing for this command."""
        first, *others = [(each.badge, each.reason, each.review) for each in self.verdicts]
        return bool(others) and others[0] == first

    @property
    def changed(self) -> int:
        """How many proposals of the past would be decided otherwise."""
        return sum(each.is_changed for each in self.past or ())


def form(data: QueryDict | None = None) -> TrialForm:
    """The form, empty or as it was sent."""
    return TrialForm(data, samples=policy_samples.choices(), commands=policy_samples.commands())


def tried(
    policy: PolicyForm, trial: TrialForm, *, by: Actor, now: datetime
) -> tuple[TrialForm, Trial | None]:
    """The verdicts, and the form with the command as it was tried, to be altered from there."""
    is_written = policy.is_valid()
    edited = policy.row.public_id if policy.row else None
    asked = _asked(trial, edited, by=by)
    if asked is None:
        return trial, None
    command, details = asked
    verdicts = [_shown("Now", dry_run.decide(action=command, details=details, by=by, now=now))]
    past = None
    if is_written:
        try:
            verdicts.append(_under(policy, command, details, by=by, now=now))
            past = replayed(edited, policy.texts(), by=by, now=now)
        except DomainError as refusal:
            policy.refuse(refusal)
    return form(trial.filled(command, details)), Trial(command, verdicts, past)


def replayed(
    policy_id: UUID | None, fields: Mapping[str, Any], *, by: Actor, now: datetime
) -> Sequence[Past] | None:
    """The latest proposals under both texts; None for who may not read proposals."""
    if not by.may("proposals:list"):
        return None
    rows = dry_run.replay(policy_id=policy_id, fields=fields, now=now, count=LATEST)
    return [
        Past(
            proposal=row.proposal,
            what=f"{row.action} {row.resource}",
            at=row.created_at,
            before=_badge(row.before),
            after=_badge(row.after),
            is_changed=row.before != row.after,
        )
        for row in rows
    ]


def _asked(
    trial: TrialForm, edited: UUID | None, *, by: Actor
) -> tuple[str, Mapping[str, Any]] | None:
    if not trial.is_valid():
        return None
    sample = policy_samples.SAMPLES.get(trial.cleaned_data["sample"])
    if sample is None:
        return trial.written()
    details = sample.details(by.public_id or by.scope_id, edited)
    if details is None:
        trial.add_error("sample", sample.lacks)
        return None
    return sample.command, details


def _under(
    policy: PolicyForm, command: str, details: Mapping[str, Any], *, by: Actor, now: datetime
) -> Shown:
    verdict = dry_run.decide_under(
        policy_id=policy.row.public_id if policy.row else None,
        fields=policy.texts(),
        action=command,
        details=details,
        by=by,
        now=now,
    )
    return _shown("With this text", verdict)


def _shown(title: str, verdict: Verdict) -> Shown:
    expression = verdict.review_expression
    return Shown(
        title=title,
        badge=_badge(verdict.outcome),
        reason=verdict.reason,
        review=policy_words.review(expression) if expression else "",
        missing=verdict.missing,
        able=[each.username for each in verdict.electors if not each.obstacle],
        unable=[(each.username, each.obstacle) for each in verdict.electors if each.obstacle],
        spoke=[each for each in verdict.policies if each.holds],
        silent=[each for each in verdict.policies if not each.holds],
        facts=json.dumps(verdict.facts, indent=2, ensure_ascii=False, default=str),
    )


def _badge(outcome: Outcome) -> SafeString:
    return components.badge(*_OUTCOMES[outcome])
