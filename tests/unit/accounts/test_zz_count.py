import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from tests import cast
from accounts.models import KnownKey
from accounts.services import devices, users
from identity.sdk.keys import DeviceKeys
from identity import ids
from datetime import datetime, UTC
@pytest.mark.django_db(transaction=True)
def test_it():
    w=cast.world(); now=datetime.now(UTC)
    keys=DeviceKeys.generate()
    with cast.in_scope(w):
        user=users.create_invited(public_id=ids.new(),email="a@example.com",first_name="",last_name="",mobile="",customer_id="",by=w.system,now=now)
        with transaction.atomic():
            with CaptureQueriesContext(connection) as c:
                devices.register(user=user,name="x",signature_key=keys.signature_pubkey,encryption_key=keys.encryption_pubkey,push_token="",registration_kind=KnownKey.Registration.AUTHORIZE,registration=None,signer_key="",by=w.system,now=now)
                users.activate(user=user,verifier="",by=w.system,now=now)
        for q in c: print(q['sql'][:170])
