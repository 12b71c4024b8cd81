"""Who may do what over `/v1`: every route, every predefined role, in one table to read.

A `+` lets a caller past the permission, whatever comes afterwards; a `.` is refused with 403.
"""

from dataclasses import dataclass
from typing import Final

COLUMNS: Final = {
    "S": "super-admin",
    "O": "workspace-owner",
    "M": "workspace-maintainer",
    "A": "workspace-auditor",
    "B": "member",
    "F": "security-officer",
    "U": "support",
    "P": "operator",
}
"""The letters above the marks; an operator of the platform has no role in the scope."""


_TEXT: Final = """
                                                                                   S O M A B F U P
GET    /me                                                     self               + + + + + + + +
GET    /me/profile                                             self               + + + + + + + .
PATCH  /me/profile                                             self               + + + + + + + .
GET    /me/profile/avatar                                      self               + + + + + + + .
DELETE /me                                                     self               + + + + + + + .
PUT    /me/password                                            self               + + + + + + + .
GET    /me/scopes                                              self               + + + + + + + +
GET    /me/devices                                             self               + + + + + + + .
POST   /me/devices/challenge                                   self               + + + + + + + .
POST   /me/devices                                             self               + + + + + + + .
POST   /sign-in/password                                       open               + + + + + + + +
POST   /sign-in/second-factor                                  open               + + + + + + + +
POST   /sign-in/email                                          open               + + + + + + + +
POST   /sign-in/email/code                                     open               + + + + + + + +
POST   /me/step-up                                             self               + + + + + + + .
POST   /me/step-up/email                                       self               + + + + + + + .
POST   /me/step-up/wallet                                      self               + + + + + + + .
GET    /me/one-time-password                                   self               + + + + + + + .
POST   /me/one-time-password                                   self               + + + + + + + .
POST   /me/one-time-password/confirm                           self               + + + + + + + .
DELETE /me/one-time-password                                   self               + + + + + + + .
POST   /me/recovery-codes                                      self               + + + + + + + .
POST   /me/email                                               self               + + + + + + + .
POST   /me/email/code                                          self               + + + + + + + .
GET    /users                                                  users:list         + + + + . + + +
GET    /users/{user}                                           users:get          + + + + . + + +
POST   /users                                                  users:create       + . + . . . . +
PATCH  /users/{user}                                           users:edit         + . + . . . . +
GET    /users/{user}/profile                                   users:get          + + + + . + + +
PATCH  /users/{user}/profile                                   users:edit         + . + . . . . +
GET    /users/{user}/profile/avatar                            users:get          + + + + . + + +
DELETE /users/{user}                                           users:delete       + . + . . . . +
POST   /users/{user}/roles                                     users:edit         + . + . . . . +
DELETE /users/{user}/roles/{role}                              users:edit         + . + . . . . +
GET    /users/{user}/passkeys                                  passkeys:list      + + + + . + . +
DELETE /users/{user}/passkeys/{passkey}                        passkeys:delete    + . + . . + . +
DELETE /users/{user}/password                                  passwords:delete   + . . . . . . +
GET    /groups                                                 groups:list        + + + + . + + +
GET    /groups/{group}                                         groups:get         + + + + . + + +
POST   /groups                                                 groups:create      + . + . . . . +
PATCH  /groups/{group}                                         groups:edit        + . + . . . . +
DELETE /groups/{group}                                         groups:delete      + . + . . . . +
POST   /groups/{group}/users                                   groups:edit        + . + . . . . +
DELETE /groups/{group}/users/{user}                            groups:edit        + . + . . . . +
GET    /roles                                                  roles:list         + + + + . + + +
GET    /roles/{role}                                           roles:get          + + + + . + + +
POST   /roles                                                  roles:create       + . + . . . . +
PATCH  /roles/{role}                                           roles:edit         + . + . . . . +
DELETE /roles/{role}                                           roles:delete       + . + . . . . +
GET    /rules                                                  rules:list         + + + + . + . +
GET    /rules/{rule}                                           rules:get          + + + + . + . +
POST   /rules                                                  rules:create       + . + . . . . +
PATCH  /rules/{rule}                                           rules:edit         + . + . . . . +
DELETE /rules/{rule}                                           rules:delete       + . + . . . . +
GET    /devices                                                devices:list       + + + + . + + +
GET    /devices/{device}                                       devices:list       + + + + . + + +
PATCH  /devices/{device}                                       devices:edit       + . + . . . . +
POST   /devices/{device}/revocation                            devices:delete     + . + . . + . +
PUT    /devices/{device}/keys                                  devices:edit       + . + . . . . +
GET    /invitations                                            invitations:list   + + + + . + + +
GET    /invitations/{invitation}                               invitations:get    + + + + . + + +
POST   /invitations                                            users:invite       + . + . . . + +
POST   /users/{user}/invitations                               devices:invite     + . + . . . + +
DELETE /invitations/{invitation}                               invitations:delete + . + . . + . +
POST   /invitations/batches                                    users:invite       + . + . . . + +
GET    /invitations/batches/{batch}                            users:invite       + . + . . . + +
POST   /invitations/batches/{batch}/confirm                    users:invite       + . + . . . + +
POST   /invitations/batches/{batch}/links                      users:invite       + . + . . . + +
GET    /passkeys                                               self               + + + + + + + .
POST   /passkeys/registration                                  self               + + + + + + + .
POST   /passkeys                                               self               + + + + + + + .
PUT    /passkeys/{passkey}                                     self               + + + + + + + .
DELETE /passkeys/{passkey}                                     self               + + + + + + + .
POST   /passkeys/authentication                                open               + + + + + + + +
POST   /passkeys/authentication/complete                       open               + + + + + + + +
POST   /passkeys/joining                                       open               + + + + + + + +
POST   /passkeys/joining/complete                              open               + + + + + + + +
POST   /me/step-up/user-key                                    self               + + + + + + + .
GET    /me/user-keys                                           self               + + + + + + + .
POST   /me/user-keys/challenge                                 self               + + + + + + + .
POST   /me/user-keys                                           self               + + + + + + + .
DELETE /me/user-keys/{user_key}                                self               + + + + + + + .
POST   /me/step-up/passkey                                     self               + + + + + + + .
POST   /sign-in/wallet/challenge                               open               + + + + + + + +
POST   /sign-in/wallet                                         open               + + + + + + + +
POST   /sign-up/user-key/challenge                             open               + + + + + + + +
POST   /sign-up/user-key                                       open               + + + + + + + +
POST   /sign-in/user-key/challenge                             open               + + + + + + + +
POST   /sign-in/user-key                                       open               + + + + + + + +
POST   /contexts/{context}/join/challenge                      members:create     + . + . . . . +
POST   /contexts/{context}/join                                members:create     + . + . . . . +
GET    /contexts/{context}/contacts                            members:list       + + + + . + . +
GET    /contexts/{context}/members/{member}/keys               members:get        + + + + . + . +
GET    /contexts/{context}/member-keys                         members:get        + + + + . + . +
POST   /invitations/lookup                                     open               + + + + + + + +
POST   /invitations/challenge                                  open               + + + + + + + +
POST   /invitations/accept                                     open               + + + + + + + +
GET    /proposals                                              proposals:list     + + + + . + . +
GET    /proposals/{proposal}                                   proposals:get      + + + + . + . +
GET    /proposals/{proposal}/evidence                          proposals:get      + + + + . + . +
POST   /proposals/{proposal}/outcome                           self               + + + + + + + +
POST   /proposals/{proposal}/cancellation                      proposals:cancel   + . . . . + . +
POST   /proposals/{proposal}/votes                             proposals:approve  + + . . . + . .
DELETE /proposals/{proposal}/votes/mine                        self               + + + + + + + +
GET    /policies                                               policies:list      + + + + . + . +
GET    /policies/{policy}                                      policies:get       + + + + . + . +
POST   /policies                                               policies:create    + . + . . . . +
PATCH  /policies/{policy}                                      policies:edit      + . + . . . . +
DELETE /policies/{policy}                                      policies:delete    + . + . . . . +
POST   /policies/decide                                        policies:get       + + + + . + . +
GET    /solutions                                              solutions:list     + + + + . + . +
POST   /solutions                                              solutions:create   + . + . . . . +
GET    /solutions/{solution}                                   solutions:get      + + + + . + . +
PATCH  /solutions/{solution}                                   solutions:edit     + . + . . . . +
DELETE /solutions/{solution}                                   solutions:delete   + . + . . . . +
GET    /contexts                                               contexts:list      + + + + . + . +
POST   /contexts                                               contexts:create    + . + . . . . +
GET    /contexts/{context}                                     contexts:get       + + + + . + . +
PATCH  /contexts/{context}                                     contexts:edit      + . + . . . . +
DELETE /contexts/{context}                                     contexts:delete    + . + . . . . +
POST   /contexts/{context}/disable                             contexts:edit      + . + . . . . +
POST   /contexts/{context}/enable                              contexts:edit      + . + . . . . +
PUT    /contexts/{context}/shares/{solution}                   contexts:edit      + . + . . . . +
DELETE /contexts/{context}/shares/{solution}                   contexts:edit      + . + . . . . +
GET    /contexts/{context}/members                             members:list       + + + + . + . +
POST   /contexts/{context}/members                             members:create     + . + . . . . +
GET    /contexts/{context}/members/{member}                    members:get        + + + + . + . +
DELETE /contexts/{context}/members/{member}                    members:delete     + . + . . . . +
DELETE /contexts/{context}/members                             members:delete     + . + . . . . +
PUT    /contexts/{context}/members/{member}/acl                members:edit       + . + . . . . +
PUT    /contexts/{context}/members/{member}/staff              members:edit       + . + . . . . +
GET    /users/{user}/role-credentials role-credentials:list + + + + . + . +
GET    /role-credentials/{role_credential} role-credentials:get + + + + . + . +
POST   /role-credentials role-credentials:create + . + . . . . +
DELETE /role-credentials/{role_credential} role-credentials:delete + . + . . . . +
GET    /audit                                                  audit:list         + + + + . + . +
GET    /audit/head                                             audit:get          + + + + . + . +
GET    /audit/export                                           audit:list         + + + + . + . +
GET    /audit/{event}                                          audit:get          + + + + . + . +
GET    /audit/{event}/inclusion                                audit:get          + + + + . + . +
GET    /server-keys                                            server-keys:get    + + + + + + + +
GET    /server-keys/statements                                 open               + + + + + + + +
POST   /server-keys/{purpose}/rotation                         server-keys:edit   + . . . . + . +
GET    /scopes                                                 scopes:get         + + + + . + . +
GET    /scopes/{scope}                                         scopes:get         + + + + . + . +
PATCH  /scopes/{scope}                                         scopes:edit        + . . . . . . +
GET    /mails                                                  mails:list         + + + + . + . +
GET    /webhooks                                               webhooks:list      + + + + . + . +
GET    /webhooks/{webhook}                                     webhooks:get       + + + + . + . +
GET    /webhook-keys                                           webhooks:list      + + + + . + . +
GET    /webhooks/{webhook}/deliveries                          webhooks:get       + + + + . + . +
GET    /webhooks/{webhook}/deliveries/{delivery}               webhooks:get       + + + + . + . +
POST   /webhooks                                               webhooks:create    + . + . . . . +
PATCH  /webhooks/{webhook}                                     webhooks:edit      + . + . . . . +
DELETE /webhooks/{webhook}                                     webhooks:delete    + . + . . . . +
POST   /webhook-keys                                           webhooks:edit      + . + . . . . +
POST   /webhooks/{webhook}/ping                                webhooks:edit      + . + . . . . +
POST   /webhooks/{webhook}/replay                              webhooks:edit      + . + . . . . +
POST   /webhooks/{webhook}/deliveries/{delivery}/replay        webhooks:edit      + . + . . . . +
GET    /providers                                              providers:list     + + + + . + . +
GET    /providers/{provider}                                   providers:get      + + + + . + . +
POST   /providers                                              providers:create   + . + . . . . +
PATCH  /providers/{provider}                                   providers:edit     + . + . . . . +
DELETE /providers/{provider}                                   providers:delete   + . + . . . . +
GET    /remotes                                                remotes:list       + + + + . + . +
GET    /remotes/{remote}                                       remotes:get        + + + + . + . +
GET    /remotes/{remote}/contexts                              remotes:get        + + + + . + . +
GET    /remotes/{remote}/contexts/{carried}                    remotes:get        + + + + . + . +
GET    /remotes/{remote}/changes                               remotes:get        + + + + . + . +
POST   /remotes                                                remotes:create     + . + . . . . +
PATCH  /remotes/{remote}                                       remotes:edit       + . + . . . . +
DELETE /remotes/{remote}                                       remotes:delete     + . + . . . . +
POST   /remotes/{remote}/pause                                 remotes:edit       + . + . . . . +
POST   /remotes/{remote}/resume                                remotes:edit       + . + . . . . +
POST   /remotes/{remote}/retry                                 remotes:edit       + . + . . . . +
POST   /remotes/{remote}/contexts                              remotes:edit       + . + . . . . +
DELETE /remotes/{remote}/contexts/{carried}                    remotes:edit       + . + . . . . +
POST   /remotes/{remote}/contexts/{carried}/check              remotes:edit       + . + . . . . +
POST   /remotes/{remote}/contexts/{carried}/resync             remotes:edit       + . + . . . . +
GET    /applications                                           applications:list  + + + + . + . +
GET    /applications/{application}                             applications:get   + + + + . + . +
POST   /applications                                           applications:create + . + . . . . +
PATCH  /applications/{application}                             applications:edit  + . + . . . . +
DELETE /applications/{application}                             applications:delete + . + . . . . +
GET    /developer-keys                                         developer-keys:list + + + + . + . +
GET    /developer-keys/{developer_key}                         developer-keys:get + + + + . + . +
POST   /developer-keys                                         developer-keys:create + . + . . . . +
DELETE /developer-keys/{developer_key}                         developer-keys:delete + . + . . + . +
GET    /staff                                                  staff:list         + + + + . + . +
GET    /staff/{user}                                           staff:list         + + + + . + . +
POST   /staff                                                  staff:create       + . . . . . . +
DELETE /staff/{user}                                           staff:delete       + . . . . + . +
DELETE /staff/{user}/one-time-password                         staff:delete       + . . . . + . +
GET    /me/sessions                                            self               + + + + + + + .
DELETE /me/sessions/{session}                                  self               + + + + + + + .
POST   /me/sessions/end-others                                 self               + + + + + + + .
POST   /me/lock                                                self               + + + + + + + .
GET    /me/sign-ins                                            self               + + + + + + + .
GET    /sessions                                               sessions:view      + + + + . + . +
GET    /sessions/{session}                                     sessions:view      + + + + . + . +
DELETE /sessions/{session}                                     sessions:end       + . + . . + . +
DELETE /users/{user}/sessions                                  sessions:end       + . + . . + . +
POST   /users/{user}/lock                                      users:lock         + . + . . + . +
GET    /sign-ins                                               sessions:view      + + + + . + . +
POST   /token/introspect                                       sessions:introspect + . + . . . . +
POST   /token/revoke                                           open                + + + + + + + +
POST   /token/refresh                                          open               + + + + + + + +
POST   /token                                                  open               + + + + + + + +
GET    /onboardings                                            onboardings:list   + + + + . + . +
POST   /onboardings                                            onboardings:create + . + . . . . +
GET    /onboardings/{onboarding}                               onboardings:get    + + + + . + . +
POST   /onboardings/{onboarding}/retry                         onboardings:edit   + . + . . . . +
POST   /onboardings/{onboarding}/cancel                        onboardings:edit   + . + . . . . +
GET    /me/onboardings/{onboarding}                            self               + + + + + + + +
GET    /registries                                             registries:list    + + + + . + . +
GET    /registries/{user}                                      registries:get     + + + + . + . +
GET    /managed-keys                                           managed-keys:list  + + + + . + . +
GET    /managed-keys/{managed_key}                             managed-keys:get   + + + + . + . +
GET    /managed-keys/{managed_key}/signatures                  managed-keys:get   + + + + . + . +
GET    /me/managed-key                                         self               + + + + + + + .
POST   /me/managed-key                                         self               + + + + + + + .
GET    /me/managed-key/signatures                              self               + + + + + + + .
GET    /me/managed-key/signatures/{signature}                  self               + + + + + + + .
POST   /me/managed-key/messages                                self               + + + + + + + .
POST   /me/managed-key/transactions                            self               + + + + + + + .
POST   /me/managed-key/typed-data                              self               + + + + + + + .
GET    /dids/resolve                                           open               + + + + + + + +
GET    /dids                                                   dids:list          + + + + . + . +
GET    /dids/{did_document}                                    dids:get           + + + + . + . +
GET    /me/dids                                                self               + + + + + + + .
POST   /me/dids                                                self               + + + + + + + .
POST   /me/dids/{did_document}/deactivate                      self               + + + + + + + .
GET    /me/credentials                                         self               + + + + + + + .
GET    /credentials                                            credentials:list   + + + + . + . +
GET    /credentials/{credential}                               credentials:get    + + + + . + . +
POST   /credentials                                            credentials:create + . + . . . . +
DELETE /credentials/{credential}                               credentials:delete + . + . . + . +
POST   /credentials/verify                                     credentials:verify + + + + . + . +
GET    /credentials/status-lists/{number}                      open               + + + + + + + +
GET    /credentials/contexts/{cid}                             open               + + + + + + + +
GET    /me/lambdas                                             self               + + + + + + + .
POST   /me/lambdas                                             self               + + + + + + + .
GET    /me/lambdas/{lambda_id}                                 self               + + + + + + + .
GET    /me/lambdas/{lambda_id}/executions                      self               + + + + + + + .
POST   /me/lambdas/{lambda_id}/executions                      self               + + + + + + + .
POST   /me/lambdas/{lambda_id}/disable                         self               + + + + + + + .
DELETE /me/lambdas/{lambda_id}                                 self               + + + + + + + .
GET    /lambdas                                                lambdas:list       + + + + . + . +
GET    /lambdas/{lambda_id}                                    lambdas:get        + + + + . + . +
GET    /lambdas/{lambda_id}/executions                         lambdas:get        + + + + . + . +
POST   /lambdas/{lambda_id}/executions                         open               + + + + + + + +
POST   /lambdas/{lambda_id}/disable                            lambdas:edit       + . + . . + . +
DELETE /lambdas/{lambda_id}                                    lambdas:delete     + . + . . . . +
GET    /api-keys                                               api-keys:list      + + + + . + . +
GET    /api-keys/{api_key}                                     api-keys:get       + + + + . + . +
POST   /api-keys                                               api-keys:create    + . + . . . . +
PATCH  /api-keys/{api_key}                                     api-keys:edit      + . + . . . . +
DELETE /api-keys/{api_key}                                     api-keys:delete    + . + . . + . +
POST   /api-keys/{api_key}/rotation                            api-keys:edit      + . + . . . . +
POST   /api-keys/{api_key}/disable                             api-keys:edit      + . + . . . . +
POST   /api-keys/{api_key}/enable                              api-keys:edit      + . + . . . . +
GET    /api-keys/{api_key}/sessions                            sessions:view      + + + + . + . +
DELETE /api-keys/{api_key}/sessions/{machine_session}          sessions:end       + . + . . + . +
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One route: the word that it asks for, and which columns have a `+`."""

    method: str
    path: str
    word: str
    lets_in: frozenset[str]

    @property
    def name(self) -> str:
        """As it stands in the names of tests."""
        return f"{self.method} {self.path}"


def read(text: str) -> tuple[Line, ...]:
    """The lines of a table like this one."""
    header, *rows = text.strip("\n").splitlines()
    letters = header.split()
    lines = []
    for row in rows:
        method, path, word, *marks = row.split()
        given = dict(zip(letters, marks, strict=True))
        lets_in = frozenset(letter for letter, mark in given.items() if mark == "+")
        lines.append(Line(method, path, word, lets_in))
    return tuple(lines)


LINES: Final = read(_TEXT)
