"""The staff's admin: one site, in which every page belongs to one scope.

What other rooms use of it: `site`, `ReadOnlyAdmin` and `actor_of`; templates/admin/README.md
describes the bases and components of its pages.
"""

from identity.admin.audit import AuditEventAdmin
from identity.admin.bases import ReadOnlyAdmin
from identity.admin.developer_keys import DeveloperKeyAdmin
from identity.admin.frame import Site, site
from identity.admin.mails import SentMailAdmin
from identity.admin.server_keys import ServerKeyAdmin
from identity.admin.signing_in import SignInForm
from identity.admin.standing import actor_of

__all__ = [
    "AuditEventAdmin",
    "DeveloperKeyAdmin",
    "ReadOnlyAdmin",
    "SentMailAdmin",
    "ServerKeyAdmin",
    "SignInForm",
    "Site",
    "actor_of",
    "site",
]
