"""What all tests share."""

import gc
import os
import sys
from collections.abc import Generator
from typing import Any

import hypothesis
import pytest
from django.conf import settings

from identity.crypto import rsa
from identity.web.throttle import Throttle
from tests import emptying, hashing, prepared, prepared_postgresql, shallow
from tests.key_ring import Ring

# Examples are found anew in each run; a slow machine is no failure.
hypothesis.settings.register_profile("countersign", deadline=None)
hypothesis.settings.load_profile("countersign")


# What is imported and collected stays until the end: looking through it for garbage, again and
# again, took a third of the time until the first test.
gc.disable()

RING = Ring()
rsa.generate = RING.deal
emptying.install()
prepared.install()
if "postgresql" in settings.DATABASES["default"]["ENGINE"]:
    prepared_postgresql.install(os.environ["DATABASE_URL"])
shallow.install()


# Their server outlives a module, and remembers every key.
ONE_SERVER = ("tests/browser/", "tests/interop/")


@pytest.fixture(autouse=True, scope="module")
def ring_of_keys(request: pytest.FixtureRequest) -> None:
    """A module begins with the first key: its rows of the module before are gone by then."""
    if not request.node.nodeid.startswith(ONE_SERVER):
        RING.begin_again()


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    """A test begins with no requests counted: together they may be more than a minute allows."""
    desk: Any = sys.modules.get("identity.api.v1.desk")
    if desk is not None:
        desk.per_address = Throttle(desk.per_address.count, desk.per_address.seconds)


@pytest.fixture
def real_hash(settings: Any) -> Generator[None]:
    """Passwords are hashed as in a deployment, at its cost; nobody's, too."""
    settings.PASSWORD_HASHERS = [hashing.REAL]
    hashing.forget()
    yield
    hashing.forget()


DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup"}
# They start processes of their own, which ask the database of the run.
ALWAYS = ("tests/crash/", "tests/races/", "tests/budgets/", "tests/unit/identity/scoping/")
LONGEST = ("tests/crash/",)
# They ask the public network's stand-in and no database.
WITHOUT_DATABASE = ("tests/crash/test_ledger_network.py",)
# They walk every page, route or command as everybody, or try what a wire takes and a page shows;
# what each asks the database has tests of its own.
ON_SQLITE_ALONE = (
    "tests/matrix/test_permissions_admin.py",
    "tests/matrix/test_permissions_v1.py",
)
# Envelopes, headers, wording and addresses of the faces, before or behind anything that is kept.
FACES = "tests/faces/"
OF_A_WIRE = tuple(
    f"{FACES}{name}.py"
    for name in (
        *("blocklet/test_front", "blocklet/test_wording"),
        *("bridge/test_channels", "bridge/test_envelope", "bridge/test_scope_words"),
        "guardian/test_did_document_validate",
        *("passport/test_channel", "passport/test_connect"),
        *("passport/test_cross_origin", "passport/test_envelope"),
        *("v1/test_links", "v1/test_manners"),
    )
)
# Variants of a face's test are ways to say the same on its wire: the first one asks the database
# what all of them ask. In these files each variant is about rows of another table, or other rows.
EACH_VARIANT = tuple(
    f"{FACES}{name}.py"
    for name in ("blocklet/test_joining", "blocklet/test_passports", "v1/test_catalogue")
)
# Together, those who may most and whoever may nothing come to every statement of a walk.
WALK = "tests/matrix/test_v1_walk.py::test_a_role_opens_what_its_words_say_and_nothing_else"
WALKERS = ("[super-admin]", "[security-officer]", "[none]")
PAGES = ("_pages.py", "/test_admin.py")
# Of the attacks, those on isolation, order, limits and what must not outlive anything.
ATTACKS = "tests/attacks/"
ATTACKS_ON_BOTH = tuple(
    f"{ATTACKS}test_class_{number}"
    for number in ("05_", "13_", "15_", "18_disabled.py", "19_", "20_", "29_", "30_", "34_")
)


def is_of_sqlite(path: str) -> bool:
    """Whether the engine makes no difference to a file of tests."""
    if path.startswith(ATTACKS):
        return not path.startswith(ATTACKS_ON_BOTH)
    on_one = ON_SQLITE_ALONE + WITHOUT_DATABASE + OF_A_WIRE
    return path.startswith(on_one) or path.endswith(PAGES)


def is_another_variant(item: pytest.Item, seen: set[str]) -> bool:
    """Whether this is a further variant of a face's test, by the names of those seen before."""
    if item.nodeid.startswith(WALK):
        return not item.nodeid.endswith(WALKERS)
    if not item.nodeid.startswith(FACES) or item.nodeid.startswith(EACH_VARIANT):
        return False
    name = item.nodeid.partition("[")[0]
    is_first = name not in seen
    seen.add(name)
    return not is_first


def asks_a_database(item: pytest.Item) -> bool:
    if is_of_sqlite(item.nodeid.partition("::")[0]):
        return False
    fixtures = set(getattr(item, "fixturenames", ()))
    if fixtures & DATABASE_FIXTURES or item.get_closest_marker("django_db"):
        return True
    return item.nodeid.startswith(ALWAYS)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of PostgreSQL run on it alone, and there no tests run that ask no database.

    Nor do those to which the engine makes no difference (`is_of_sqlite`, `is_another_variant`).
    """
    for item in items:
        if "soft_hsm" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.hsm)
    if "postgresql" in settings.DATABASES["default"]["ENGINE"]:
        seen: set[str] = set()
        others = [
            item for item in items if not asks_a_database(item) or is_another_variant(item, seen)
        ]
    else:
        others = [item for item in items if "on_postgresql" in getattr(item, "fixturenames", ())]
    if others:
        config.hook.pytest_deselected(items=others)
        left_out = {id(item) for item in others}
        items[:] = [item for item in items if id(item) not in left_out]


def longest_first(item: pytest.Item) -> bool:
    """A key for sorting: nobody shall wait in the end, alone, for what takes longest."""
    return not item.nodeid.startswith(LONGEST)


class Order:
    """Sorts last: pytest-django puts tests without a database, as those are, at the end."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=longest_first)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Order())


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """From here on garbage is looked for, but not among what was collected, and less often.

    A test makes thousands of objects that live until its end: to look through them at every 700
    new ones, as is the default, found nothing most times.
    """
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that was skipped has shown nothing, so it counts as failed."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as failed: {report.longrepr}"
    return report
