"""What a browser is called for its owner: a name to recognise one's own by, and no evidence."""

from typing import Final

# The first that is found counts: each of them claims to be those behind it as well.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "a Mac"),
    ("Linux", "Linux"),
)
LONGEST: Final = 60


def named(text: str) -> str:
    """`Firefox on Linux`; what is not known by name is shown as it calls itself, shortened."""
    browser = next((name for mark, name in _BROWSERS if mark in text), "")
    system = next((name for mark, name in _SYSTEMS if mark in text), "")
    if browser:
        return f"{browser} on {system}" if system else browser
    return text[:LONGEST] or "A program without a name"
