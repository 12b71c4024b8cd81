"""Face `enterprise`: one endpoint, COSE envelopes, invitations and proposals."""
