"""Settings of the benchmark's own process, which makes requests beside its other statements.

Servers that are measured have the deployment's own: `identity.settings`.
"""

from identity.settings import *  # noqa: F403

# What is asked and recorded here belongs to this one thread.
WEB_CARRIES_CONNECTIONS = False
