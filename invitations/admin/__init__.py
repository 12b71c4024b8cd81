"""The admin's pages of invitations, proposals and policies."""

from invitations.admin import invitations, policies, proposals

__all__ = ["invitations", "policies", "proposals"]
