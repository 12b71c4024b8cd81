"""An invitation as it is handed over: bundle, link and picture, for one answer only."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from identity.api.enterprise import results
from invitations import bulk_lines, links
from invitations.services.bulk import Taken


@dataclass(frozen=True, slots=True)
class Handover:
    """What a page shows once. `picture` is an SVG of ours; it shows the link and nothing else."""

    bundle: str
    link: str
    picture: SafeString
    expires_at: int


def of(result: Mapping[str, Any]) -> Handover:
    """The three forms of one invitation, from what its command answered."""
    link = links.link_of(result)
    return Handover(
        bundle=json.dumps(results.bundle(result), indent=2),
        link=link,
        picture=mark_safe(links.qr_svg(link)),  # noqa: S308 segno draws it from the link
        expires_at=int(result["expires_at"]),
    )


def of_many(taken: Sequence[Taken]) -> list[tuple[int, str, str]]:
    """Line, address and link of each."""
    return [(item.number, item.email, links.link_of(item.result)) for item in taken]


def table(taken: Sequence[Taken]) -> bytes:
    """Links of a batch as CSV, which no spreadsheet calculates."""
    return bulk_lines.write(
        ["line", "email", "link"],
        [[str(number), email, link] for number, email, link in of_many(taken)],
    )
