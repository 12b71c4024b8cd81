"""What `connect` prints for an application's program to begin with."""

from typing import Final

_CONSTRUCTOR: Final = """\
import {{ Passport }} from "@0xpass/passport";

// signer: a WebauthnSigner in a page, a KeySigner on your server.
export const passportFor = (signer) =>
  new Passport({{
    scopeId: "{scope_id}",
    signer,
    network: "{url}",
    enclavePublicKey: "{key}",
  }});
"""


def constructor(url: str, scope_id: str, key: str) -> str:
    """What an application's program begins with; a custom address needs the key beside it."""
    return _CONSTRUCTOR.format(url=url, scope_id=scope_id, key=key)
