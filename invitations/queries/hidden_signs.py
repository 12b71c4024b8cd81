"""Texts of others as somebody has to see them who judges them: nothing in them hides."""


def shown(text: str) -> str:
    """The text, with signs that nobody sees, or that turn others around, told by their numbers.

    Line feeds and tabs stay. Other ends of lines (U+2028, a carriage return alone) are told, since
    a program ends a line there and a page does not.
    """
    return "".join(
        sign if sign.isprintable() or sign in "\n\t" else f"\\u{ord(sign):04x}"
        for sign in text.replace("\r\n", "\n")
    )
