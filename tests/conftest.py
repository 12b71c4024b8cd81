"""What all tests share."""

from collections.abc import Generator

import hypothesis
import pytest
from django.conf import settings

# Examples are found anew in each run; a slow machine is no failure.
hypothesis.settings.register_profile("countersign", deadline=None)
hypothesis.settings.load_profile("countersign")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests of PostgreSQL alone to the run on PostgreSQL."""
    if "postgresql" in settings.DATABASES["default"]["ENGINE"]:
        return
    others = [item for item in items if "on_postgresql" in getattr(item, "fixturenames", ())]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that was skipped has shown nothing, so it counts as failed."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as failed: {report.longrepr}"
    return report
