"""Addresses of the sign-in pages, each also under `/s/<slug>/`."""

from django.urls import URLPattern, path

from identity.pages.login import account, own_sessions, passkeys, rounds, views

urlpatterns: list[URLPattern] = [
    path("login", views.page, name="login"),
    path("login/wallet", views.wallet_text, name="login-wallet"),
    path("login/passkey", passkeys.sign_in, name="login-passkey"),
    path("login/passkey/options", passkeys.options, name="login-passkey-options"),
    path("login/new", passkeys.new, name="login-new"),
    path("login/new/options", passkeys.new_options, name="login-new-options"),
    path("login/passkeys/options", passkeys.own_options, name="login-passkeys-options"),
    path("login/passkeys/add", passkeys.add, name="login-passkeys-add"),
    path("login/passkeys/rename", passkeys.rename, name="login-passkeys-rename"),
    path("login/passkeys/remove", passkeys.remove, name="login-passkeys-remove"),
    path("login/prove/passkey", passkeys.prove, name="login-prove-passkey"),
    path("login/prove/passkey/options", passkeys.proof_options, name="login-prove-options"),
    path("login/out", views.sign_out, name="login-out"),
    path("login/sessions/end", own_sessions.end, name="login-sessions-end"),
    path("login/sessions/end-others", own_sessions.end_others, name="login-sessions-end-others"),
    path("login/lock", own_sessions.lock, name="login-lock"),
    path("login/password", account.password, name="login-password"),
    path("login/prove", account.prove, name="login-prove"),
    path("login/unlink", account.unlink, name="login-unlink"),
    path("login/with/<slug:provider>", rounds.start, name="login-with"),
    path("login/link/<slug:provider>", rounds.link, name="login-link"),
    path("login/back/<slug:provider>", rounds.back, name="login-back"),
]
