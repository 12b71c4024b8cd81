"""What `connect v1` prints to be run as it stands: a curl line, a program, a shell script."""

from typing import Final

CURL: Final = "curl --silent --show-error --fail-with-body '{url}/openapi.json'"

JOIN: Final = """\
# Joins with the invitation, keeps the session beside this file, and asks who we are.
import json
from pathlib import Path

from identity import sdk

URL = "{url}"
LINK = "{link}"

stored = Path("session.json")
if stored.exists():
    session = sdk.Session.from_json(json.loads(stored.read_text()))
else:
    # The keys are kept first: if others have to approve, the same ones are shown again later.
    kept = Path("keys.json")
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(json.dumps(sdk.DeviceKeys.generate().to_json()))
    keys = sdk.DeviceKeys.from_json(json.loads(kept.read_text()))
    session = sdk.accept(URL, sdk.Invitation.from_link(LINK), keys, "my first device")
    if isinstance(session, sdk.Pending):
        raise SystemExit("Others have to approve first. Then run this again.")
    for name, secret in (
        ("session.json", json.dumps(session.to_json())),
        ("device.pem", keys.signature_pem),
    ):
        Path(name).touch(mode=0o600)
        Path(name).write_text(secret)

with sdk.Api(URL, session, is_verifying=True) as api:
    print(json.dumps(api.me(), indent=2))
"""

ASK: Final = """\
# Asks who we are, with the session of a registered device that lies beside this file.
import json
from pathlib import Path

from identity import sdk

session = sdk.Session.from_json(json.loads(Path("session.json").read_text()))
with sdk.Api("{url}", session, is_verifying=True) as api:
    print(json.dumps(api.me(), indent=2))
"""

SHELL: Final = r"""#!/usr/bin/env bash
# Calls the API with curl and openssl alone: bash v1.sh GET /me
#                                            bash v1.sh POST /groups '{"name": "treasury"}'
# Beside it lie device.pem, the device's signature key, and session.json, which has its id.
set -euo pipefail
url='{url}'
method=${1:-GET} path=${2:-/me} body=${3:-}
device=$(sed -n 's/.*"deviceUuid": *"\([^"]*\)".*/\1/p' session.json)

components='"@method" "@target-uri"'
base="\"@method\": $method
\"@target-uri\": $url$path"
headers=()
if [ -n "$body" ]; then
    digest="sha-256=:$(printf %s "$body" | openssl dgst -sha256 -binary | openssl base64 -A):"
    key=$(openssl rand -hex 16)
    components+=' "content-digest" "idempotency-key"'
    base+="
\"content-digest\": $digest
\"idempotency-key\": $key"
    headers+=(--header 'Content-Type: application/json' --header "Content-Digest: $digest"
        --header "Idempotency-Key: $key" --data-binary "$body")
fi
parameters="($components);created=$(date +%s);nonce=\"$(openssl rand -hex 16)\";keyid=\"$device\""
base+="
\"@signature-params\": $parameters"

# openssl writes the signature's two numbers as DER; HTTP wants 32 bytes of each.
numbers=$(printf %s "$base" | openssl dgst -sha256 -sign device.pem |
    openssl asn1parse -inform DER | sed -n 's/.*INTEGER *://p')
hex=$(printf '%64s%64s' $numbers | tr ' ' 0)
signature=$(printf %b "$(printf %s "$hex" | sed 's/../\\x&/g')" | openssl base64 -A)

curl --silent --show-error --fail-with-body --request "$method" "$url$path" \
    --header "Signature-Input: sig=$parameters" --header "Signature: sig=:$signature:" \
    "${headers[@]}"
"""


def curl(url: str) -> str:
    """A read that needs no signature: what the API can do."""
    return CURL.replace("{url}", url)


def python(url: str, link: str = "") -> str:
    """A program that joins with an invitation link, or uses the session that is there."""
    return (JOIN if link else ASK).replace("{url}", url).replace("{link}", link)


def shell(url: str) -> str:
    """A script that signs with openssl, for a device that is registered."""
    return SHELL.replace("{url}", url)
