"""The permission of views that declare none: nobody's."""

from typing import Any

from rest_framework.permissions import BasePermission


class Closed(BasePermission):
    """Closed by default; views of the table leave the question to the desk instead."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Never."""
        del request, view
        return False
