"""Policies in words: what one is about, when it holds, what it decides, why it stays as it is."""

from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString

from identity.admin import components
from invitations.decision import review as reviews
from invitations.decision.review import Clause, Part, ReviewInvalid
from invitations.models import Policy

WHY_LOCKED: Final = (
    "Every scope has this policy from the beginning, and nobody can change, switch off or remove "
    "it, not even with the consent of others: it is the floor under all other policies. It is "
    "asked after them, turns what they allow into a review, adds its review to theirs, and never "
    "takes anything away. To ask for more, make a policy of your own beside it."
)
_STEPS_BACK: Final = (
    "It steps back while too few people exist who could approve beside the one who asks."
)
_ACTS: Final = {"*": "everything", "add": "adding", "edit": "changing", "delete": "removing"}


def about(policy: Policy) -> str:
    """Which acts on which resources."""
    resources = ", ".join(policy.resource.split())
    act = _ACTS.get(policy.action, policy.action)
    return f"{act} on {'every resource' if resources == '*' else resources}"


def condition(policy: Policy) -> str:
    """When it holds."""
    if not policy.expression.strip():
        return "always"
    return format_html('<code class="wrapped">{}</code>', policy.expression)


def decision(policy: Policy) -> str:
    """What it decides, in a sentence."""
    if policy.decision_on_true == Policy.Decision.ALLOW:
        return "Such a change is made at once, as far as rights and locked policies let it."
    if policy.decision_on_true == Policy.Decision.DENY:
        return "Such a change is refused."
    return f"Such a change waits for {review(policy.review_expression)}."


def decision_badge(policy: Policy) -> SafeString:
    """What it decides, in a word or a few."""
    if policy.decision_on_true == Policy.Decision.ALLOW:
        return components.badge("allow", "good")
    if policy.decision_on_true == Policy.Decision.DENY:
        return components.badge("deny", "bad")
    words = review(policy.review_expression)
    return format_html("<span>{} by {}</span>", components.badge("review", "attention"), words)


def state_badge(policy: Policy) -> SafeString:
    """Whether it is asked, and for locked ones why they stay as they are."""
    if policy.is_locked:
        why = "the floor under all others"
        return format_html(
            '<span>{} <span class="quiet">{}</span></span>', components.badge("locked", "note"), why
        )
    return components.badge(str(policy.status))


def steps_back(policy: Policy) -> str:
    """Whether it holds where nobody could approve."""
    if policy.only_if_reachable:
        return _STEPS_BACK
    return "It never steps back: where too few could approve, the change is refused."


def review(text: str) -> str:
    """A review expression in words; its own text where it can't be read."""
    try:
        parsed = reviews.parse(text)
    except ReviewInvalid:
        return text
    words = ", and also ".join(_part(part) for part in parsed.parts)
    return words if parsed.deny == 1 else f"{words}; {parsed.deny} rejections end it"


def _part(part: Part) -> str:
    clauses = [_clause(clause) for clause in part.clauses]
    if part.min:
        clauses.append(f"{part.min} in total" if clauses else _people(part.min))
    words = " and ".join(clauses)
    return f"{words} (programs count too)" if part.is_open_to_programs else words


def _people(count: int) -> str:
    return "1 other person" if count == 1 else f"{count} other people"


def _clause(clause: Clause) -> str:
    whom = "with the role" if clause.holds == "role" else "of the group"
    return f"{clause.min} {whom} {clause.name}"
