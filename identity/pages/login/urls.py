"""Addresses of the sign-in pages, each also under `/s/<slug>/`."""

from django.urls import URLPattern, path

from identity.pages.login import account, own_sessions, rounds, views

urlpatterns: list[URLPattern] = [
    path("login", views.page, name="login"),
    path("login/wallet", views.wallet_text, name="login-wallet"),
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
