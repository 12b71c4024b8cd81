"""Counters of rate limits, shared by all processes. They belong to no scope."""

from typing import ClassVar

from django.db import models


class RateCounter(models.Model):
    """How often a key was used in one window. Times are seconds since the epoch.

    `key` is a digest, so that the table holds no address and no name.
    """

    key = models.CharField(primary_key=True, max_length=64)
    window_ends = models.BigIntegerField()
    hits = models.PositiveIntegerField()

    class Meta:
        # The table is older than its place on the floor, where services count passwords too.
        app_label = "web"
        indexes: ClassVar = [models.Index(fields=["window_ends"], name="rate_counter_expiry")]

    def __str__(self) -> str:
        return f"{self.key[:12]} {self.hits}"
