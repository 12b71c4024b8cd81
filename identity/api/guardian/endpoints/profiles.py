"""The caller's own profile."""

from typing import Final

from accounts.queries import registry_profiles
from identity.api.guardian import profile_outputs, replies
from identity.api.guardian.route import SELF, Asked, Route
from identity.web.lane import Answer


def profile(asked: Asked) -> Answer:
    """The caller's, whatever name the path has: nobody reads another one's here."""
    found = registry_profiles.of_member(asked.caller.member, now=asked.now)
    return replies.json(profile_outputs.profile(found))


ROUTES: Final = (Route("GET", "/profiles/{username}", SELF, profile),)
