"""Settings of a server whose password hash costs nothing: what it takes is everything else.

Verifiers of the usual hash are read once each, and replaced.
"""

from identity.settings import *  # noqa: F403
from identity.settings import PASSWORD_HASHERS as USUAL

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *USUAL]
