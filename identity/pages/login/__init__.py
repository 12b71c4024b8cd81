"""Where users of a scope sign in: by password, mail, wallet or provider, for an application or not.

Nothing here touches the session of a member of staff: a user's session is one of ours, held by two
cookies that scripts can't read.
"""
