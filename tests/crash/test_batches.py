"""A batch killed at each write: every line has one fate, and one invitation at most."""

from pathlib import Path

from tests.crash import books, scene

LINES = 8


def test_batch(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with books.opened(home) as database:
        served = scene.served_on(home, database)
        served.manage("scopes", "create", "acme")
        name = "alice@example.test"
        served.manage(
            "staff", "add", "--scope", "acme", "--username", name, "--role", "super-admin"
        )
        with served.begin("tests.crash.mortal_batch", "acme", name, str(LINES)) as done:
            assert done.wait() == 0, done.complaints()
            told = done.output()
        deaths = [line for line in told.splitlines() if line.startswith("died ")]
        assert {"died before COMMIT", "died after COMMIT"} <= set(deaths)
        assert len(set(deaths)) >= 8, deaths
        require_each_line_once(books.Books(database))
        served.manage("audit", "verify", "--scope", "acme")


def require_each_line_once(kept: books.Books) -> None:
    kept.require_whole()
    kept.require_sound_file()
    line, invitation = "invitations_invitationbatchline", "invitations_invitation"
    assert kept.count(line, "state = 'issued' AND sealed_bundle IS NOT NULL") == LINES
    assert kept.count(line) == kept.count(invitation) == LINES
    assert kept.count(invitation, f"id IN (SELECT invitation_id FROM {line})") == LINES
    assert kept.count("invitations_invitationbatch", "state = 'done'") == 1
    living = f"SELECT count(*) FROM {invitation} WHERE state = 'open' GROUP BY user_id"
    assert {count for (count,) in kept.rows(living)} == {1}
