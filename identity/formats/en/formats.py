"""Dates and times in ISO order, to the second, on a clock of 24 hours. All of them are UTC."""

DATE_FORMAT = "Y-m-d"
TIME_FORMAT = "H:i:s"
DATETIME_FORMAT = "Y-m-d H:i:s"
