"""The table of this room lives on the floor, so that services can count too."""

from identity.models.rate_counter import RateCounter

__all__ = ["RateCounter"]
