"""A run of a lambda killed at each write: signature, record, end and calls are there, or none."""

from pathlib import Path

from tests.crash import books, scene


def test_run_of_a_lambda(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with books.opened(home) as database:
        served = scene.served_on(home, database)
        served.manage("scopes", "create", "acme")
        name = "alice@example.test"
        served.manage("staff", "add", "--scope", "acme", "--username", name, "--role", "member")
        with served.begin("tests.crash.mortal_lambda", "acme", name) as done:
            assert done.wait() == 0, done.complaints()
            told = done.output()
        deaths = [line for line in told.splitlines() if line.startswith("died ")]
        assert {"died before COMMIT", "died after COMMIT"} <= set(deaths)
        assert len(deaths) >= 8, deaths
        kept = books.Books(database)
        require_whole(kept)
        served.manage("audit", "verify", "--scope", "acme")


def require_whole(kept: books.Books) -> None:
    kept.require_sound_file()
    ((total, signed),) = kept.rows("SELECT total_executions, ok_executions FROM accounts_lambda")
    # The last one lived; one that died after its last commit came to a signature as well.
    assert signed >= 1
    runs = "accounts_lambdaexecution"
    assert kept.count(runs) == total
    assert kept.count(runs, "outcome = 'signed'") == signed
    assert kept.count(runs, "outcome = 'begun'") == total - signed
    assert kept.count("accounts_keysignature") == signed
    assert kept.count("identity_auditevent", "name = 'managed-key.signed'") == signed
    assert kept.count("django_tasks_database_dbtaskresult") == signed
    digests = (
        f"SELECT digest FROM accounts_keysignature WHERE digest NOT IN (SELECT digest FROM {runs})"
    )
    assert kept.rows(digests) == []
