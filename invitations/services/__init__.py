"""The only place that writes invitations, policies, proposals and votes."""
