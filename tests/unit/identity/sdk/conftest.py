"""A client, an invitation, and the server in memory that they talk to."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from identity import sdk
from tests.unit.identity.sdk.memory_server import KEYS, NOW, URL, Server

DEVICE_KEYS = sdk.DeviceKeys.from_json(
    {"ecdsa": KEYS["device"]["ecdsa_private"], "rsa": KEYS["device"]["rsa_private_pem"]}
)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.http.close()


@pytest.fixture
def keys() -> sdk.DeviceKeys:
    return DEVICE_KEYS


@pytest.fixture
def session(server: Server, keys: sdk.DeviceKeys) -> sdk.Session:
    device = UUID(KEYS["device"]["uuid"])
    server.recipients[device] = keys.encryption.public
    server.signers[device] = keys.signature.public
    known = sdk.ServerKeys(server.encryption.public, (server.signature.public,))
    return sdk.Session(user_id="alice", device=device, keys=keys, server=known)


@pytest.fixture
def client(server: Server, session: sdk.Session) -> Iterator[sdk.Client]:
    with sdk.Client(URL, session, http=server.http, clock=lambda: NOW) as made:
        yield made


@pytest.fixture
def invitation(server: Server, keys: sdk.DeviceKeys) -> sdk.Invitation:
    offered = KEYS["invitation"]
    bundle = {name: offered[name] for name in ("invite_string", "oneTimePrivateKey", "deviceUuid")}
    bundle |= {
        name: KEYS["server"][name]
        for name in ("server_rsa_pub_key_pem_b64", "server_ecdsa_pub_key")
    }
    read = sdk.Invitation.from_json(bundle)
    server.recipients[read.device] = keys.encryption.public
    server.signers[read.device] = read.one_time_key.public
    return read
