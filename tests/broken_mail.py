"""A mail server that takes nothing, and says more than it should."""

from collections.abc import Sequence
from smtplib import SMTPDataError

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class Backend(BaseEmailBackend):
    """Refuses every message with a text that quotes it."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise SMTPDataError(451, str(email_messages[0].body).encode())
