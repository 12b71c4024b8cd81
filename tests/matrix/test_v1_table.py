"""The table of `/v1`: every route declares who may use it, and nothing else answers."""

import pytest
from rest_framework.views import APIView

from identity import permissions
from identity.api.v1 import closed, description, route, urls
from identity.api.v1.nouns import NOUNS
from identity.api.v1.route import Route
from identity.api.v1.table import TABLE, Table
from identity.api.v1.views import TableView
from identity.errors import Missing
from invitations.commands import catalogue
from invitations.commands.command import registry

ROUTES = TABLE.routes
every_route = pytest.mark.parametrize("each", ROUTES, ids=lambda each: each.name)
# Undecided by a permission word: each one stands here with its reason.
WITHOUT_WORD = {
    "me_get": route.SELF,
    "my_profile_get": route.SELF,
    "my_profile_edit": route.SELF,  # what somebody says of itself
    "my_avatar_get": route.SELF,
    "me_delete": route.SELF,  # through the one door, for the own account alone
    "my_password_set": route.SELF,  # as the line above
    "my_scopes_list": route.SELF,
    "my_devices_list": route.SELF,
    "my_devices_challenge": route.SELF,
    "my_devices_register": route.SELF,  # through the one door, for the own account alone
    "my_sessions_list": route.SELF,
    "my_sessions_end": route.SELF,
    "my_sessions_end_others": route.SELF,
    "my_account_lock": route.SELF,  # the own account, at once; the service keeps the last owner
    "my_sign_ins_list": route.SELF,
    "sign_in_password": route.OPEN,  # these four are how somebody becomes known
    "sign_in_second_factor": route.OPEN,
    "sign_in_email": route.OPEN,
    "sign_in_email_code": route.OPEN,
    "my_step_up": route.SELF,  # what follows is about the caller's own ways in
    "my_step_up_email": route.SELF,
    "my_step_up_wallet": route.SELF,
    "my_step_up_user_key": route.SELF,
    "my_step_up_passkey": route.SELF,
    "my_user_keys_list": route.SELF,
    "my_user_keys_challenge": route.SELF,
    "my_user_keys_add": route.SELF,
    "my_user_keys_remove": route.SELF,
    "my_passkeys_list": route.SELF,
    "my_passkeys_begin": route.SELF,
    "my_passkeys_add": route.SELF,
    "my_passkeys_rename": route.SELF,
    "my_passkeys_remove": route.SELF,
    "my_managed_key_get": route.SELF,
    "my_managed_key_make": route.SELF,
    "my_managed_key_signatures": route.SELF,
    "my_managed_key_signature_get": route.SELF,
    "my_managed_key_sign_message": route.SELF,
    "my_managed_key_sign_transaction": route.SELF,
    "my_managed_key_sign_typed_data": route.SELF,
    "dids_resolve": route.OPEN,  # what a DID says is for everybody
    "my_dids_list": route.SELF,
    "my_dids_add": route.SELF,
    "my_dids_deactivate": route.SELF,
    "my_credentials_list": route.SELF,
    "credentials_status_list": route.OPEN,  # these two are for every verifier
    "credentials_context": route.OPEN,
    "my_onboardings_get": route.SELF,  # the query asks for the owner
    "my_lambdas_list": route.SELF,
    "my_lambdas_create": route.SELF,  # through the one door, for the own account alone
    "my_lambdas_get": route.SELF,
    "my_lambdas_executions": route.SELF,
    "my_lambdas_execute": route.SELF,
    "lambdas_execute": route.OPEN,  # the lambda itself says whom it lets
    "my_lambdas_disable": route.SELF,  # as my_lambdas_create
    "my_lambdas_remove": route.SELF,
    "my_one_time_password_get": route.SELF,
    "my_one_time_password_begin": route.SELF,
    "my_one_time_password_confirm": route.SELF,
    "my_one_time_password_remove": route.SELF,
    "my_recovery_codes_renew": route.SELF,
    "my_email_send": route.SELF,
    "my_email_verify": route.SELF,
    "token": route.OPEN,  # takes a code or a refresh token of an application
    "token_refresh": route.OPEN,  # asks for the refresh token itself
    "invitations_look_up": route.OPEN,  # these three ask for the invite string
    "invitations_challenge": route.OPEN,
    "invitations_accept": route.OPEN,
    "sign_in_wallet_challenge": route.OPEN,  # what is sent is the proof
    "sign_in_wallet": route.OPEN,
    "sign_up_user_key_challenge": route.OPEN,
    "sign_up_user_key": route.OPEN,
    "sign_in_user_key_challenge": route.OPEN,
    "sign_in_user_key": route.OPEN,
    "passkeys_authenticate": route.OPEN,
    "passkeys_authenticate_complete": route.OPEN,
    "passkeys_join": route.OPEN,
    "passkeys_join_complete": route.OPEN,
    "token_revoke": route.OPEN,  # whoever holds the token may end its session
    "server_keys_statements": route.OPEN,  # public keys, for those who know an older one
    "proposals_take_outcome": route.SELF,  # the service asks for the proposer
    "proposals_retract_vote": route.SELF,  # touches the caller's own vote alone
}


@every_route
def test_every_route_declares_a_permission(each: Route) -> None:
    expected = WITHOUT_WORD.get(each.name)
    assert each.permission == expected or each.permission in permissions.ALL


@every_route
def test_a_command_asks_for_the_declared_permission(each: Route) -> None:
    catalogue.load()
    if each.command:
        assert registry.get(each.command).permission == each.permission


@every_route
def test_what_changes_something_is_no_get(each: Route) -> None:
    assert each.method in {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert (each.method == "GET") <= (not each.command and each.body is None)
    # What somebody says of itself takes nobody's leave.
    assert (each.method == "PATCH") <= bool(each.command or each.name == "my_profile_edit")


@every_route
def test_every_route_is_described_once(each: Route) -> None:
    assert [other.name for other in ROUTES].count(each.name) == 1
    told = description.operation(each)
    assert told["summary"].endswith(".")
    assert str(each.status) in told["responses"]


def test_every_path_has_a_view_of_the_table() -> None:
    views = [
        pattern.callback.view_class
        for pattern in urls.urlpatterns
        if hasattr(pattern.callback, "view_class")
    ]
    assert all(issubclass(view, TableView) for view in views)
    assert sum(len(view.routes) for view in views) == len(ROUTES)


def test_a_view_outside_the_table_lets_nobody_in() -> None:
    assert APIView.permission_classes == [closed.Closed]
    assert not closed.Closed().has_permission(None, None)


def test_every_noun_lists_its_routes() -> None:
    assert all(noun.ROUTES and noun.__doc__ for noun in NOUNS)


def test_refuses_two_routes_of_one_name() -> None:
    with pytest.raises(TypeError):
        Table([ROUTES[0], ROUTES[0]])


@pytest.mark.parametrize("path", ["", "/", "/me/", "//me", "/{}", "/users/{}", "/audit/x"])
def test_finds_nothing_where_there_is_nothing(path: str) -> None:
    with pytest.raises(Missing):
        TABLE.find(path)
