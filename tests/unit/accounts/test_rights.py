"""Rules and roles mean permission words and proposals that may be decided."""

import pytest

from accounts import errors, rights
from accounts.rights import Rights
from identity import permissions


@pytest.mark.parametrize(
    ("resource", "action", "word"),
    [
        ("/users", "invite", "users:invite"),
        ("/users/{id}", "edit", "users:edit"),
        ("/users/{uid}/roles", "edit", "users:edit"),
        ("/users/{id}/devices", "list", "devices:list"),
        ("/users/{id}/devices/{did}", "delete", "devices:delete"),
        ("/users/{id}/devices/invite", "invite", "devices:invite"),
        ("/recipient-groups", "create", "recipient-groups:create"),
        ("/proposals", "cancel", "proposals:cancel"),
        ("/users/{id}/password", "delete", "passwords:delete"),
    ],
)
def test_gives_the_word_of_a_rule(resource: str, action: str, word: str) -> None:
    assert rights.of_rule(resource, action) == Rights(frozenset({word}))


def test_knows_a_resource_for_every_permission() -> None:
    reached = {
        word
        for noun, verbs in permissions.NOUNS.items()
        for verb in verbs
        for resource, known in rights._NOUNS.items()
        if known == noun
        for word in rights.of_rule(resource.replace("{}", "{id}"), verb).permissions
    }
    assert reached == permissions.ALL


@pytest.mark.parametrize(
    ("resource", "action", "narrowed"),
    [
        ("/wallets", "list", ""),
        ("/users", "approve", ""),
        ("/users", "add", ""),
        ("/users/{ID}", "edit", ""),
        ("/users/*", "edit", ""),
        ("", "", ""),
        ("/users", "edit", "/users"),
        ("/proposals", "approve", "/wallets"),
        ("/proposals", "list", "/users"),
    ],
)
def test_refuses_words_that_mean_nothing(resource: str, action: str, narrowed: str) -> None:
    with pytest.raises(errors.RuleUnknown):
        rights.of_rule(resource, action, narrowed)


def test_narrows_approval_to_a_resource() -> None:
    narrow = rights.of_rule("/proposals", "approve", "/users")
    assert narrow.decides("/users")
    assert not narrow.decides("/policies")
    wide = rights.of_rule("/proposals", "approve")
    assert wide.decides("/policies")
    assert wide.exceed(narrow)
    assert not narrow.exceed(wide)


def test_decides_nothing_without_the_permission() -> None:
    assert not Rights(frozenset(), frozenset({"*"})).decides("/users")


def test_closes_what_this_version_does_not_know() -> None:
    assert rights.of_stored_rule("/wallets", "list", "") == Rights()
    assert rights.of_predefined("wizard") == Rights()


@pytest.mark.parametrize("role", sorted(permissions.PREDEFINED_ROLES))
def test_no_role_exceeds_the_super_admin(role: str) -> None:
    assert not rights.of_predefined(role).exceed(rights.of_predefined("super-admin"))


def test_tells_who_holds_more() -> None:
    maintainer = rights.of_predefined("workspace-maintainer")
    owner = rights.of_predefined("workspace-owner")
    assert owner.exceed(maintainer)
    assert maintainer.exceed(owner)
    assert not rights.together([maintainer, owner]).exceed(rights.of_predefined("super-admin"))
