"""Starts the room `accounts`."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, roles, groups and devices."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
