"""Starts the room of HTTP manners, which owns one table: the counters of rate limits."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """HTTP manners."""

    name = "identity.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"
