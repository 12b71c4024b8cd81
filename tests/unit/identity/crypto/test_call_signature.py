"""Signatures over calls, as a published implementation computed them."""

from identity.crypto import call_signature
from identity.crypto.call_signature import Stamp

KEY, SECRET = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
STAMP = Stamp(1702555410352, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
BODY = b'{"jsonrpc":"2.0","id":0,"method":"solution/listSolutions","params":{}}'


def test_signs_a_request() -> None:
    data = call_signature.request_data(STAMP, method="post", path="/api", body=BODY)
    assert data == f"{STAMP.text};POST\n/api\n".encode() + BODY + b"\n"
    assert call_signature.header(KEY, STAMP, call_signature.hmac_of(SECRET, data)) == (
        f"pmx-hmac-sha256 {KEY};1;{STAMP.text};tvMHaQW81TI6Y2nTmJtW/Ho3mGE="
    )


def test_signs_to_ask_for_a_token() -> None:
    plain = call_signature.hmac_of(SECRET, call_signature.grant_data(STAMP))
    beyond_ascii = call_signature.hmac_of(SECRET, call_signature.grant_data(STAMP, "hello ąę"))
    assert call_signature.header(KEY, STAMP, plain).endswith(";B3M1By3i1KvGgmZ+9a15BADZ3pk=")
    assert call_signature.header(KEY, STAMP, beyond_ascii).endswith(";RlmjIEmYVahN350AlEh8u9fjwfc=")
