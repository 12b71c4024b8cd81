"""Where everything below the domain is written: one room per noun."""
