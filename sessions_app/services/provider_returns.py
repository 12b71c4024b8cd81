"""The one address that a provider sends people back to, whatever page they began on."""

from sessions_app.services import tokens


def address(scope_slug: str, provider_slug: str) -> str:
    """What is registered at the provider, made of the configured host alone."""
    return f"{tokens.issuer(scope_slug)}/login/back/{provider_slug}"
