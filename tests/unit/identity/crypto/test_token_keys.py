"""Keys in a PKCS #11 token, with SoftHSM2: what they seal, and what happens when they go away."""

import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from identity.crypto import pkcs11_token, sealing, token_keys
from identity.crypto.errors import SealBroken, SealUnavailable
from identity.crypto.pkcs11_token import PinRefused, Place, Unusable
from identity.crypto.token_keys import TokenKeyEncryptionKey
from tests.soft_hsm import PIN, SoftHsm, soft_hsm  # noqa: F401 a fixture

pkcs11 = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
Attribute, KeyType = pkcs11.Attribute, pkcs11.KeyType

PLACE = {"purpose": "server-key.encryption", "subject": "row 1"}


@pytest.fixture
def hsm(soft_hsm: SoftHsm) -> SoftHsm:  # noqa: F811
    soft_hsm.make("kek-1")
    return soft_hsm


@pytest.fixture
def kek(hsm: SoftHsm) -> TokenKeyEncryptionKey:
    return TokenKeyEncryptionKey(hsm.place("kek-1"))


def reason(kek: TokenKeyEncryptionKey) -> Exception:
    with pytest.raises(SealUnavailable) as refusal:
        kek.wrap(bytes(32), context=b"c")
    assert str(refusal.value) == SealUnavailable.title
    cause = refusal.value.__cause__
    assert isinstance(cause, Unusable)
    return cause


def foreign_key(hsm: SoftHsm, label: str, bits: int = 256, **attributes: Any) -> None:
    """A key that somebody made in another way than we do."""
    token = pkcs11.lib(hsm.module).get_token(token_label="countersign")
    with token.open(rw=True, user_pin=PIN) as session:
        template = {getattr(Attribute, name): value for name, value in attributes.items()}
        session.generate_key(KeyType.AES, bits, label=label, store=True, template=template)


class TestSealing:
    def test_opens_what_it_sealed(self, kek: TokenKeyEncryptionKey) -> None:
        sealed = sealing.seal(kek, b"secret", **PLACE)
        assert b"secret" not in sealed
        assert sealing.unseal(kek, sealed, **PLACE) == b"secret"

    @pytest.mark.parametrize(
        "elsewhere", [PLACE | {"subject": "row 2"}, PLACE | {"purpose": "webhook-key"}]
    )
    def test_refuses_another_place(self, kek: TokenKeyEncryptionKey, elsewhere) -> None:
        sealed = sealing.seal(kek, b"secret", **PLACE)
        with pytest.raises(SealBroken):
            sealing.unseal(kek, sealed, **elsewhere)

    def test_the_token_itself_binds_the_context(self, kek: TokenKeyEncryptionKey) -> None:
        wrapped = kek.wrap(bytes(32), context=b"here")
        with pytest.raises(SealBroken):
            kek.unwrap(wrapped, kek_id=kek.kek_id, context=b"there")
        assert kek.unwrap(wrapped, kek_id=kek.kek_id, context=b"here") == bytes(32)

    def test_refuses_each_changed_byte(self, kek: TokenKeyEncryptionKey) -> None:
        wrapped = kek.wrap(bytes(32), context=b"c")
        for position in range(len(wrapped)):
            changed = bytearray(wrapped)
            changed[position] ^= 1
            with pytest.raises(SealBroken):
                kek.unwrap(bytes(changed), kek_id=kek.kek_id, context=b"c")

    @pytest.mark.parametrize("length", [0, 11, 27, 28, 59])
    def test_refuses_what_is_cut_short(self, kek: TokenKeyEncryptionKey, length: int) -> None:
        wrapped = kek.wrap(bytes(32), context=b"c")
        with pytest.raises(SealBroken):
            kek.unwrap(wrapped[:length], kek_id=kek.kek_id, context=b"c")

    def test_wraps_the_same_key_differently_each_time(self, kek: TokenKeyEncryptionKey) -> None:
        assert len({kek.wrap(bytes(32), context=b"c") for _ in range(8)}) == 8

    def test_is_named_after_the_id_of_the_key(self, hsm: SoftHsm) -> None:
        made = hsm.make("kek-2")
        assert TokenKeyEncryptionKey(hsm.place("kek-2")).kek_id == made
        assert made.startswith("pkcs11:")


class TestSeveralKeys:
    def test_the_first_seals_and_all_open(self, hsm: SoftHsm, kek: TokenKeyEncryptionKey) -> None:
        sealed = sealing.seal(kek, b"secret", **PLACE)
        new = hsm.make("kek-2")
        both = TokenKeyEncryptionKey(hsm.place("kek-2", "kek-1"))
        assert both.kek_id == new
        assert sealing.unseal(both, sealed, **PLACE) == b"secret"
        anew = sealing.reseal(both, sealed, **PLACE)
        alone = TokenKeyEncryptionKey(hsm.place("kek-2"))
        assert sealing.unseal(alone, anew, **PLACE) == b"secret"

    def test_a_key_that_is_not_configured_opens_nothing(
        self, hsm: SoftHsm, kek: TokenKeyEncryptionKey
    ) -> None:
        sealed = sealing.seal(kek, b"secret", **PLACE)
        hsm.make("kek-2")
        with pytest.raises(SealBroken, match="not configured"):
            sealing.unseal(TokenKeyEncryptionKey(hsm.place("kek-2")), sealed, **PLACE)

    def test_a_key_in_memory_opens_what_was_before_the_token(
        self, kek: TokenKeyEncryptionKey
    ) -> None:
        local = sealing.LocalKeyEncryptionKey(b"k" * 32)
        ring = sealing.Ring(kek, [local])
        sealed = sealing.seal(local, b"secret", **PLACE)
        assert sealing.unseal(ring, sealed, **PLACE) == b"secret"
        assert sealing.kek_id_of(sealing.reseal(ring, sealed, **PLACE)) == kek.kek_id


class TestOnlyGoodKeys:
    def test_makes_keys_that_cannot_leave(self, hsm: SoftHsm) -> None:
        keys = pkcs11_token.open_keys(hsm.place("kek-1"))
        key = keys.found[keys.active]
        assert key[Attribute.NEVER_EXTRACTABLE]
        assert key[Attribute.ALWAYS_SENSITIVE]
        assert key[Attribute.PRIVATE]
        with pytest.raises(pkcs11.AttributeSensitive):
            key[Attribute.VALUE]

    def test_makes_no_second_key_of_a_label(self, hsm: SoftHsm) -> None:
        with pytest.raises(Unusable, match="already"):
            hsm.make("kek-1")

    @pytest.mark.parametrize(
        ("attributes", "words"),
        [
            ({"EXTRACTABLE": True, "SENSITIVE": True, "ID": b"1"}, "can leave the token"),
            ({"EXTRACTABLE": False, "SENSITIVE": False, "ID": b"1"}, "can leave the token"),
            ({"EXTRACTABLE": False, "SENSITIVE": True, "ID": b""}, "CKA_ID"),
            ({"EXTRACTABLE": False, "SENSITIVE": True, "ID": b"1" * 65}, "CKA_ID"),
            (
                {"EXTRACTABLE": False, "SENSITIVE": True, "ID": b"1", "DECRYPT": False},
                "may not decrypt",
            ),
            (
                {"EXTRACTABLE": False, "SENSITIVE": True, "ID": b"1", "ENCRYPT": False},
                "may not encrypt",
            ),
        ],
    )
    def test_refuses_a_key_made_otherwise(self, hsm: SoftHsm, attributes, words: str) -> None:
        foreign_key(hsm, "bad", **attributes)
        assert words in str(reason(TokenKeyEncryptionKey(hsm.place("bad"))))

    def test_refuses_a_short_key(self, hsm: SoftHsm) -> None:
        foreign_key(hsm, "short", 128, EXTRACTABLE=False, SENSITIVE=True, ID=b"1")
        assert "256 bits" in str(reason(TokenKeyEncryptionKey(hsm.place("short"))))

    def test_refuses_two_keys_of_one_name(self, hsm: SoftHsm) -> None:
        for label in ("a", "b"):
            foreign_key(hsm, label, EXTRACTABLE=False, SENSITIVE=True, ID=b"1")
        assert "same CKA_ID" in str(reason(TokenKeyEncryptionKey(hsm.place("a", "b"))))

    def test_refuses_two_keys_of_one_label(self, hsm: SoftHsm) -> None:
        for name in (b"1", b"2"):
            foreign_key(hsm, "twice", EXTRACTABLE=False, SENSITIVE=True, ID=name)
        assert "Several keys" in str(reason(TokenKeyEncryptionKey(hsm.place("twice"))))

    def test_says_which_key_is_missing(self, hsm: SoftHsm) -> None:
        assert "'kek-9'" in str(reason(TokenKeyEncryptionKey(hsm.place("kek-1", "kek-9"))))

    def test_says_which_token_is_missing(self, hsm: SoftHsm) -> None:
        place = hsm.place("kek-1", token="elsewhere")
        assert "'elsewhere'" in str(reason(TokenKeyEncryptionKey(place)))
        with pytest.raises(Unusable, match="elsewhere"):
            pkcs11_token.look(place)

    @pytest.mark.parametrize("module", ["/nowhere/module.so", "/etc/hostname"])
    def test_says_which_module_is_no_module(self, module: str) -> None:
        with pytest.raises(Unusable, match=module):
            pkcs11_token.look(Place(module, "t", ("k",), PIN))


class TestPin:
    def test_a_wrong_one_is_tried_once_in_a_process(
        self, hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(token_keys, "PAUSE", 0.0)
        kek = TokenKeyEncryptionKey(hsm.place("kek-1", pin="wrong-pin"))
        assert isinstance(reason(kek), PinRefused)
        hsm.unplug()
        # Whoever asked the token now would be told that there is none.
        assert isinstance(reason(kek), PinRefused)

    def test_is_not_told_to_anybody(self, hsm: SoftHsm, caplog: pytest.LogCaptureFixture) -> None:
        place = hsm.place("kek-1", pin="wrong-pin")
        with caplog.at_level(logging.DEBUG):
            cause = reason(TokenKeyEncryptionKey(place))
        assert "out of reach" in caplog.text
        assert "wrong-pin" not in caplog.text + str(cause) + repr(place)

    def test_none_is_tried_when_it_would_be_the_last(
        self, hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # SoftHSM2 never locks, so what a real token would say stands in for it.
        opened = []
        said = SimpleNamespace(
            flags=pkcs11.TokenFlag.USER_PIN_FINAL_TRY, open=lambda **how: opened.append(how)
        )
        monkeypatch.setattr(pkcs11_token, "_token", lambda place: said)
        assert "locks it" in str(reason(TokenKeyEncryptionKey(hsm.place("kek-1"))))
        assert opened == []


class TestLostToken:
    def test_refuses_while_it_is_away_and_goes_on_when_it_is_back(
        self, hsm: SoftHsm, kek: TokenKeyEncryptionKey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(token_keys, "PAUSE", 0.0)
        sealed = sealing.seal(kek, b"secret", **PLACE)
        hsm.unplug()
        for _ in range(3):
            with pytest.raises(SealUnavailable):
                sealing.unseal(kek, sealed, **PLACE)
            with pytest.raises(SealUnavailable):
                sealing.seal(kek, b"secret", **PLACE)
        hsm.plug_in()
        assert sealing.unseal(kek, sealed, **PLACE) == b"secret"

    def test_goes_on_after_a_short_absence_without_a_refusal(
        self, hsm: SoftHsm, kek: TokenKeyEncryptionKey
    ) -> None:
        sealed = sealing.seal(kek, b"secret", **PLACE)
        # Every session of the process ends, as when a token was pulled out and put back.
        pkcs11.lib(hsm.module).finalize()
        assert sealing.unseal(kek, sealed, **PLACE) == b"secret"

    def test_refuses_at_once_for_a_moment_after_a_failure(
        self, hsm: SoftHsm, kek: TokenKeyEncryptionKey
    ) -> None:
        hsm.unplug()
        assert "can't be used" in str(reason(kek))
        hsm.plug_in()
        assert "A moment ago" in str(reason(kek))

    def test_seals_under_no_other_key_than_the_one_it_named(
        self, hsm: SoftHsm, kek: TokenKeyEncryptionKey
    ) -> None:
        named = kek.kek_id
        keys = pkcs11_token.open_keys(hsm.place("kek-1"))
        token = pkcs11.lib(hsm.module).get_token(token_label="countersign")
        with token.open(rw=True) as session:
            session.get_key(label="kek-1").destroy()
        assert keys.active == named
        hsm.make("kek-1")
        assert "another key now" in str(reason(kek))


class TestManyAtOnce:
    def test_threads_take_turns(self, kek: TokenKeyEncryptionKey) -> None:
        def there_and_back(number: int) -> bool:
            secret = b"secret %d" % number
            subject = str(number)
            sealed = sealing.seal(kek, secret, purpose="p", subject=subject)
            return sealing.unseal(kek, sealed, purpose="p", subject=subject) == secret

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(there_and_back, range(400)))

    def test_a_module_that_hangs_does_not_hold_everybody(
        self, kek: TokenKeyEncryptionKey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(token_keys, "PATIENCE", 0.05)
        hanging, go_on = threading.Event(), threading.Event()
        encrypt = pkcs11_token.encrypt

        def slow(*args: Any, **kwargs: Any) -> bytes:
            hanging.set()
            go_on.wait(10)
            return encrypt(*args, **kwargs)

        monkeypatch.setattr(pkcs11_token, "encrypt", slow)
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(kek.wrap, bytes(32), context=b"c")
            hanging.wait(10)
            assert "does not come back" in str(reason(kek))
            go_on.set()
            assert first.result(10)

    def test_a_forked_process_begins_anew(self, kek: TokenKeyEncryptionKey) -> None:
        sealed = sealing.seal(kek, b"secret", **PLACE)
        is_over = threading.Event()

        def work() -> None:
            while not is_over.is_set():
                kek.wrap(bytes(32), context=b"c")

        busy = threading.Thread(target=work)
        busy.start()
        try:
            ends = [self.outcome_of_child(kek, sealed) for _ in range(10)]
        finally:
            is_over.set()
            busy.join()
        assert ends == [0] * 10
        assert sealing.unseal(kek, sealed, **PLACE) == b"secret"

    @staticmethod
    def outcome_of_child(kek: TokenKeyEncryptionKey, sealed: bytes) -> int:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                opened = sealing.unseal(kek, sealed, **PLACE)
                again = sealing.unseal(kek, sealing.seal(kek, b"x", **PLACE), **PLACE)
                code = 0 if (opened, again) == (b"secret", b"x") else 2
            finally:
                os._exit(code)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status
            time.sleep(0.01)
        os.kill(child, 9)
        os.waitpid(child, 0)
        return -1
