"""Settings for the trial of the walls alone."""

import os

from django.apps import AppConfig
import sys
from urllib.parse import urlparse

sys.path.insert(0, os.path.dirname(__file__))
url = urlparse(os.environ.get("DATABASE_URL", "sqlite://:memory:"))
if url.scheme == "postgres":
    DATABASES = {
        "default": {
            "ENGINE": "identity.scoping.postgresql",
            "NAME": url.path[1:],
            "USER": url.username,
            "HOST": url.hostname,
            "CONN_MAX_AGE": 600,
            "OPTIONS": {"server_side_binding": True, "prepare_threshold": 1},
        }
    }
    if os.environ.get("CLIENT_BINDING"):
        DATABASES["default"]["OPTIONS"] = {}
else:
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
USE_TZ = True
SECRET_KEY = "trial"
INSTALLED_APPS = ["trial_settings.Plain", "django.contrib.contenttypes"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


class Plain(AppConfig):
    name = "identity"


MIGRATION_MODULES = {"identity": None}
