"""Who may see and do what in the admin: every address, every predefined role, in one table.

A `+` lets somebody past the permission, whatever comes afterwards; a `.` is refused with 403.
`BOTH` is reading and sending alike; what has one method answers the other one with 405. `open`:
nobody is signed in yet; `self`: whoever is. Operators of the platform have no role here.
"""

from typing import Final

from tests.matrix.permissions_v1 import Line, read

_PAGES: Final = """
                                                                                  S O M A B F U P
BOTH one-time-password/                                        open               + + + + + + + +
BOTH reauthenticate/                                           self               + + + + + + + +
BOTH scope/                                                    self               + + + + + + + +
BOTH sign-in/                                                  self               + + + + + + + +
BOTH sign-in/one-time-password/                                self               + + + + + + + +
BOTH sign-in/one-time-password/qr.svg                          self               + + + + + + + +
BOTH sign-in/recovery-codes/                                   self               + + + + + + + +
POST login/passkey/                                            open               + + + + + + + +
POST login/passkey/options/                                    open               + + + + + + + +
POST one-time-password/passkey/                                open               + + + + + + + +
POST one-time-password/passkey/options/                        open               + + + + + + + +
POST reauthenticate/passkey/                                   self               + + + + + + + +
POST reauthenticate/passkey/options/                           self               + + + + + + + +
POST sign-in/passkeys/options/                                 self               + + + + + + + +
BOTH sign-in/passkeys/add/                                     self               + + + + + + + +
BOTH sign-in/passkeys/<passkey_id>/rename/                     self               + + + + + + + +
BOTH sign-in/passkeys/<passkey_id>/remove/                     self               + + + + + + + +
BOTH own-devices/                                              self               + + + + + + + +
BOTH own-devices/<device_id>/revoke/                           self               + + + + + + + +
BOTH staff/                                                    staff:list         + + + + . + . +
BOTH staff/admit/                                              staff:create       + . . . . . . +
BOTH staff/<public_id>/dismiss/                                staff:delete       + . . . . + . +
BOTH staff/<public_id>/reset/                                  staff:delete       + . . . . + . +
BOTH webhooks/                                                 webhooks:list      + + + + . + . +
BOTH webhooks/create/                                          webhooks:create    + . + . . . . +
BOTH webhooks/rotate-key/                                      webhooks:edit      + . + . . . . +
BOTH webhooks/<public_id>/                                     webhooks:get       + + + + . + . +
BOTH webhooks/<public_id>/edit/                                webhooks:edit      + . + . . . . +
BOTH webhooks/<public_id>/switch/                              webhooks:edit      + . + . . . . +
BOTH webhooks/<public_id>/delete/                              webhooks:delete    + . + . . . . +
BOTH webhooks/<public_id>/deliveries/                          webhooks:get       + + + + . + . +
BOTH webhooks/<public_id>/deliveries/<delivery_id>/            webhooks:get       + + + + . + . +
POST webhooks/<public_id>/ping/                                webhooks:edit      + . + . . . . +
BOTH webhooks/<public_id>/replay/                              webhooks:edit      + . + . . . . +
POST webhooks/<public_id>/deliveries/<delivery_id>/replay/     webhooks:edit      + . + . . . . +
BOTH remotes/                                                  remotes:list       + + + + . + . +
BOTH remotes/create/                                           remotes:create     + . + . . . . +
BOTH remotes/<remote_id>/                                      remotes:get        + + + + . + . +
BOTH remotes/<remote_id>/edit/                                 remotes:edit       + . + . . . . +
BOTH remotes/<remote_id>/switch/                               remotes:edit       + . + . . . . +
BOTH remotes/<remote_id>/delete/                               remotes:delete     + . + . . . . +
BOTH remotes/<remote_id>/carry/                                remotes:edit       + . + . . . . +
BOTH remotes/<remote_id>/contexts/<carried_id>/                remotes:get        + + + + . + . +
POST remotes/<remote_id>/contexts/<carried_id>/check/          remotes:edit       + . + . . . . +
BOTH remotes/<remote_id>/contexts/<carried_id>/resync/         remotes:edit       + . + . . . . +
BOTH remotes/<remote_id>/contexts/<carried_id>/drop/           remotes:edit       + . + . . . . +
BOTH remotes/<remote_id>/changes/                              remotes:get        + + + + . + . +
POST remotes/<remote_id>/retry/                                remotes:edit       + . + . . . . +
POST remotes/<remote_id>/changes/<change_id>/retry/            remotes:edit       + . + . . . . +
BOTH providers/                                                providers:list     + + + + . + . +
BOTH providers/create/                                         providers:create   + . + . . . . +
BOTH providers/create/<kind>/                                  providers:create   + . + . . . . +
BOTH providers/<provider_id>/                                  providers:get      + + + + . + . +
BOTH providers/<provider_id>/edit/                             providers:edit     + . + . . . . +
BOTH providers/<provider_id>/switch/                           providers:edit     + . + . . . . +
BOTH providers/<provider_id>/delete/                           providers:delete   + . + . . . . +
BOTH applications/                                             applications:list  + + + + . + . +
BOTH applications/create/                                      applications:create + . + . . . . +
BOTH applications/<application_id>/                            applications:get   + + + + . + . +
BOTH applications/<application_id>/edit/                       applications:edit  + . + . . . . +
BOTH applications/<application_id>/switch/                     applications:edit  + . + . . . . +
BOTH applications/<application_id>/delete/                     applications:delete + . + . . . . +
BOTH api/                                                      self               + + + + + + + +
BOTH settings/                                                 scopes:get         + + + + . + . +
BOTH settings/edit/                                            scopes:edit        + . . . . . . +
BOTH settings/confirm/                                         scopes:edit        + . . . . . . +
BOTH .                                                         self               + + + + + + + +
BOTH login/                                                    open               + + + + + + + +
BOTH password_change/                                          self               + + + + + + + +
GET  password_change/done/                                     self               + + + + + + + +
GET  jsi18n/                                                   self               + + + + + + + +
BOTH identity/auditevent/chain/                                audit:list         + + + + . + . +
POST identity/auditevent/chain/verify/                         audit:list         + + + + . + . +
BOTH identity/auditevent/chain/progress/                       audit:list         + + + + . + . +
BOTH identity/auditevent/export/                               audit:list         + + + + . + . +
POST identity/auditevent/<event_id>/proof/                     audit:get          + + + + . + . +
BOTH identity/serverkey/rotate/<purpose>/                      server-keys:edit   + . . . . + . +
BOTH invitations/policy/create/                                policies:create    + . + . . . . +
BOTH invitations/policy/languages/                             policies:list      + + + + . + . +
BOTH invitations/policy/<policy_id>/edit/                      policies:edit      + . + . . . . +
BOTH invitations/policy/<policy_id>/end/                       policies:delete    + . + . . . . +
BOTH accounts/device/<device_id>/revoke/                       devices:delete     + . + . . + . +
BOTH accounts/device/<device_id>/suspend/                      devices:edit       + . + . . . . +
BOTH accounts/device/<device_id>/resume/                       devices:edit       + . + . . . . +
BOTH accounts/device/<device_id>/rename/                       devices:edit       + . + . . . . +
BOTH accounts/user/<user_id>/user-keys/<user_key_id>/remove/   passkeys:delete    + . + . . + . +
BOTH accounts/passkey/<passkey_id>/remove/                     passkeys:delete    + . + . . + . +
BOTH accounts/group/new/                                       groups:create      + . + . . . . +
BOTH accounts/group/<group_id>/edit/                           groups:edit        + . + . . . . +
BOTH accounts/group/<group_id>/end/                            groups:delete      + . + . . . . +
BOTH accounts/group/<group_id>/members/                        groups:edit        + . + . . . . +
BOTH accounts/group/<group_id>/members/<user_id>/add/          groups:edit        + . + . . . . +
BOTH accounts/group/<group_id>/members/<user_id>/remove/       groups:edit        + . + . . . . +
BOTH accounts/role/predefined/<name>/                          roles:get          + + + + . + + +
BOTH accounts/role/new/                                        roles:create       + . + . . . . +
BOTH accounts/role/<role_id>/edit/                             roles:edit         + . + . . . . +
BOTH accounts/role/<role_id>/disable/                          roles:edit         + . + . . . . +
BOTH accounts/role/<role_id>/enable/                           roles:edit         + . + . . . . +
BOTH accounts/role/<role_id>/end/                              roles:delete       + . + . . . . +
BOTH accounts/rolecredential/new/                            role-credentials:create + . + . . . . +
BOTH accounts/rolecredential/<role_credential_id>/revoke/    role-credentials:delete + . + . . . . +
BOTH accounts/credential/new/                                credentials:create + . + . . . . +
BOTH accounts/credential/verify/                             credentials:verify + + + + . + . +
BOTH accounts/credential/<credential_id>/revoke/             credentials:delete + . + . . + . +
BOTH accounts/onboarding/new/                                onboardings:create   + . + . . . . +
BOTH accounts/onboarding/<onboarding_id>/retry/                onboardings:edit   + . + . . . . +
BOTH accounts/onboarding/<onboarding_id>/cancel/               onboardings:edit   + . + . . . . +
BOTH accounts/onboarding/<onboarding_id>/progress/             onboardings:get    + + + + . + . +
BOTH accounts/solution/new/                                     solutions:create   + . + . . . . +
BOTH accounts/solution/<solution_id>/edit/                      solutions:edit     + . + . . . . +
BOTH accounts/solution/<solution_id>/end/                       solutions:delete   + . + . . . . +
BOTH accounts/context/new/                                      contexts:create    + . + . . . . +
BOTH accounts/context/new/<solution_id>/                        contexts:create    + . + . . . . +
BOTH accounts/context/<context_id>/edit/                        contexts:edit      + . + . . . . +
BOTH accounts/context/<context_id>/policy/                      contexts:edit      + . + . . . . +
BOTH accounts/context/<context_id>/disable/                     contexts:edit      + . + . . . . +
BOTH accounts/context/<context_id>/enable/                      contexts:edit      + . + . . . . +
BOTH accounts/context/<context_id>/end/                         contexts:delete    + . + . . . . +
BOTH accounts/context/<context_id>/shares/                      contexts:edit      + . + . . . . +
BOTH accounts/context/<context_id>/shares/<solution_id>/add/    contexts:edit      + . + . . . . +
BOTH accounts/context/<context_id>/shares/<solution_id>/remove/ contexts:edit      + . + . . . . +
BOTH accounts/context/<context_id>/members/new/                 members:create     + . + . . . . +
BOTH accounts/context/<context_id>/members/<row_id>/            members:get        + + + + . + . +
BOTH accounts/context/<context_id>/members/<row_id>/access-list/ members:edit       + . + . . . . +
BOTH accounts/context/<context_id>/members/<row_id>/key/        members:create     + . + . . . . +
BOTH accounts/context/<context_id>/members/<row_id>/staff/      members:edit       + . + . . . . +
BOTH accounts/context/<context_id>/members/<row_id>/accounts/   members:edit       + . + . . . . +
BOTH accounts/context/<context_id>/members/<row_id>/accounts/<user_id>/ members:edit + . + . . . . +
BOTH accounts/context/<context_id>/members/<row_id>/remove/     members:delete     + . + . . . . +
POST accounts/context/access-lists/explain/                     members:list       + + + + . + . +
BOTH accounts/rule/new/                                        rules:create       + . + . . . . +
BOTH accounts/rule/<rule_id>/edit/                             rules:edit         + . + . . . . +
BOTH accounts/rule/<rule_id>/end/                              rules:delete       + . + . . . . +
BOTH accounts/user/programs/new/                               users:create       + . + . . . . +
BOTH accounts/user/<user_id>/edit/                             users:edit         + . + . . . . +
BOTH accounts/user/<user_id>/disable/                          users:edit         + . + . . . . +
BOTH accounts/user/<user_id>/enable/                           users:edit         + . + . . . . +
BOTH accounts/user/<user_id>/reset-password/                   passwords:delete   + . . . . . . +
BOTH accounts/user/<user_id>/end/                              users:delete       + . + . . . . +
BOTH accounts/user/<user_id>/end-sessions/                     sessions:end       + . + . . + . +
BOTH accounts/user/<user_id>/lock/                             users:lock         + . + . . + . +
BOTH sessions_app/session/<session_id>/end/                    sessions:end       + . + . . + . +
BOTH identity/apikey/new/                                      api-keys:create    + . + . . . . +
BOTH identity/developerkey/new/                                developer-keys:create + . + . . . . +
BOTH identity/developerkey/<developer_key_id>/revoke/          developer-keys:delete + . + . . + . +
BOTH accounts/lambda/<lambda_id>/disable/                      lambdas:edit       + . + . . + . +
BOTH accounts/lambda/<lambda_id>/remove/                       lambdas:delete     + . + . . . . +
BOTH identity/apikey/<api_key_id>/revoke/                      api-keys:delete    + . + . . + . +
BOTH identity/apikey/<api_key_id>/rotate/                      api-keys:edit      + . + . . . . +
BOTH identity/apikey/<api_key_id>/bind/                        api-keys:edit      + . + . . . . +
BOTH identity/apikey/<api_key_id>/disable/                     api-keys:edit      + . + . . . . +
BOTH identity/apikey/<api_key_id>/enable/                      api-keys:edit      + . + . . . . +
BOTH identity/apikey/<api_key_id>/sessions/<machine_session_id>/end/ sessions:end + . + . . + . +
BOTH accounts/user/<user_id>/roles/                            users:edit         + . + . . . . +
BOTH accounts/user/<user_id>/roles/grant/                      users:edit         + . + . . . . +
BOTH accounts/user/<user_id>/roles/withdraw/                   users:edit         + . + . . . . +
BOTH accounts/user/<user_id>/groups/                           groups:edit        + . + . . . . +
BOTH invitations/invitation/issue/                             users:invite       + . + . . . + +
BOTH invitations/invitation/further/<user_id>/                 devices:invite     + . + . . . + +
BOTH invitations/invitation/<invitation_id>/again/             devices:invite     + . + . . . + +
BOTH invitations/invitation/<invitation_id>/revoke/            invitations:delete + . + . . + . +
BOTH invitations/invitation/many/                              users:invite       + . + . . . + +
BOTH invitations/invitation/many/<batch_id>/                   users:invite       + . + . . . + +
BOTH invitations/invitation/many/<batch_id>/progress/          users:invite       + . + . . . + +
POST invitations/invitation/many/<batch_id>/confirm/           users:invite       + . + . . . + +
POST invitations/invitation/many/<batch_id>/discard/           users:invite       + . + . . . + +
POST invitations/invitation/many/<batch_id>/continue/          users:invite       + . + . . . + +
POST invitations/invitation/many/<batch_id>/links/             users:invite       + . + . . . + +
BOTH invitations/proposal/<proposal_id>/decide/                proposals:get      + + + + . + . +
POST logout/                                                   self               + + + + + + + +
"""

_MODELS: Final = """
                                                                                  S O M A B F U P
GET  identity/auditevent/                                      audit:list         + + + + . + . +
GET  identity/sentmail/                                        mails:list         + + + + . + . +
GET  identity/developerkey/                                    developer-keys:list + + + + . + . +
GET  accounts/managedkey/                                      managed-keys:list  + + + + . + . +
GET  accounts/diddocument/                                      dids:list          + + + + . + . +
GET  accounts/lambda/                                          lambdas:list       + + + + . + . +
GET  identity/apikey/                                          api-keys:list      + + + + . + . +
GET  sessions_app/session/                                     sessions:view      + + + + . + . +
GET  sessions_app/signin/                                      sessions:view      + + + + . + . +
GET  identity/serverkey/                                       self               + + + + + + + +
GET  accounts/device/                                          devices:list       + + + + . + + +
GET  accounts/passkey/                                         passkeys:list      + + + + . + . +
GET  accounts/group/                                           groups:list        + + + + . + + +
GET  accounts/role/                                            roles:list         + + + + . + + +
GET  accounts/rolecredential/                                  role-credentials:list + + + + . + . +
GET  accounts/credential/                                      credentials:list   + + + + . + . +
GET  accounts/onboarding/                                      onboardings:list   + + + + . + . +
GET  accounts/registrymembership/                              registries:list    + + + + . + . +
GET  accounts/solution/                                        solutions:list     + + + + . + . +
GET  accounts/context/                                         contexts:list      + + + + . + . +
GET  accounts/rule/                                            rules:list         + + + + . + . +
GET  accounts/user/                                            users:list         + + + + . + + +
GET  invitations/invitation/                                   invitations:list   + + + + . + + +
GET  invitations/policy/                                       policies:list      + + + + . + . +
GET  invitations/proposal/                                     proposals:list     + + + + . + . +
"""
"""Each has a list, a page for each row and the way to its history, all to read.

The list asks for the word that stands here, the other two for `get` where the noun has it.
"""

PAGES: Final[tuple[Line, ...]] = read(_PAGES)
MODELS: Final[tuple[Line, ...]] = read(_MODELS)
NEVER: Final = ("add/", "<object_id>/delete/")
"""Below each model: Django's forms, which nobody gets by any method; nor to send `change`."""
READ: Final = ("", "<object_id>/change/", "<object_id>/history/")
PLAIN: Final = "<object_id>/"
"""Leads to `change`."""
