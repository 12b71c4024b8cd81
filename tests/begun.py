"""Begins a session in the deployment of the environment and prints its first pair of tokens.

    python -m tests.begun SLUG [DIE_AT]

For tests of real server processes: somebody new of a new scope, or of the one of that slug, is
signed in. With DIE_AT the process ends itself at that point of the way; see tests.crash.
"""

import json
import os
import sys


def main(slug: str, die_at: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity.settings")
    import django

    django.setup()

    from identity import ids
    from identity.models import Scope
    from identity.scoping import current
    from tests import cast, signed_in
    from tests.crash import mortal_server

    with current.across_scopes(why="a test looks for its scope"):
        scope = Scope.objects.filter(slug=slug).first()
    # Nobody talks in envelopes here, so the server's keys for those are not needed.
    world = cast.World(scope, None) if scope else cast.world(slug)  # type: ignore[arg-type]
    member = world.member(f"user-{ids.new()}")
    if die_at:
        fate = mortal_server.Fate()
        fate.die_at = die_at
        mortal_server.make_mortal(fate)
    held = signed_in.start(world, member)
    sys.stdout.write(json.dumps({"access": held.access, "refresh": held.refresh}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
