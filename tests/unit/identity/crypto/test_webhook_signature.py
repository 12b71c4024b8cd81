"""Webhook signatures agree with the known answer of the Standard Webhooks libraries."""

import base64

import pytest

from identity.crypto import ed25519, webhook_signature
from identity.crypto.errors import KeyInvalid, SignatureInvalid

# The pair, message and signature of the asymmetric test of the specification's own libraries.
PRIVATE = "6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
SIGNATURE = (
    "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
)
ID, TIME, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'


def key() -> ed25519.PrivateKey:
    return ed25519.parse_private(base64.b64decode(PRIVATE)[:32])


def test_signs_the_known_message() -> None:
    assert webhook_signature.public_text(key().public) == PUBLIC
    assert webhook_signature.sign([key()], ID, TIME, BODY) == {
        "webhook-id": ID,
        "webhook-timestamp": str(TIME),
        "webhook-signature": SIGNATURE,
    }


def test_either_key_verifies_while_they_are_rotated() -> None:
    new, old = ed25519.generate(), key()
    header = webhook_signature.sign([new, old], ID, TIME, BODY)["webhook-signature"]
    content = webhook_signature.signed_content(ID, TIME, BODY)
    for signer in (new, old):
        webhook_signature.verify(signer.public, header, content)
    with pytest.raises(SignatureInvalid):
        webhook_signature.verify(ed25519.generate().public, header, content)


def test_passes_over_other_schemes_and_nonsense() -> None:
    content = webhook_signature.signed_content(ID, TIME, BODY)
    webhook_signature.verify(key().public, f"v1,AAAA v9 v1a,*** {SIGNATURE}", content)
    for header in ("", "v1a,", SIGNATURE.replace("v1a", "v1"), "v1a,AAAA"):
        with pytest.raises(SignatureInvalid):
            webhook_signature.verify(key().public, header, content)


@pytest.mark.parametrize("other", [("x", TIME, BODY), (ID, TIME + 1, BODY), (ID, TIME, b"{}")])
def test_binds_id_time_and_body(other: tuple[str, int, bytes]) -> None:
    with pytest.raises(SignatureInvalid):
        webhook_signature.verify(key().public, SIGNATURE, webhook_signature.signed_content(*other))


def test_refuses_an_id_that_could_be_read_in_two_ways() -> None:
    for message_id in ("", "a.1"):
        with pytest.raises(ValueError, match="dot"):
            webhook_signature.signed_content(message_id, TIME, BODY)


def test_reads_public_keys_strictly() -> None:
    assert webhook_signature.parse_public(PUBLIC).raw == key().public.raw
    for text in ("", PUBLIC[5:], "whpk_", "whpk_AAAA", PUBLIC + "*", "whsk_" + PUBLIC[5:]):
        with pytest.raises(KeyInvalid):
            webhook_signature.parse_public(text)
