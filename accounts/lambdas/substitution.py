"""Where code names a value, `<<inputs.0>>`, it is handed the value. No value ever becomes code.

A placeholder turns into a name of ours, `$given.inputs[0]`, whatever the value is; the value goes
beside the code, as data. One that is all of a quoted text, `'<<inputs.0>>'`, turns into the value
as a text. In a longer text, in a comment or in a regular expression a placeholder stays inert.
"""

import re
from typing import Final

_NAMED: Final = r"<<(inputs|conditions|envs)\.(0|[1-9][0-9]{0,2})>>"
PLACEHOLDER: Final = re.compile(_NAMED)
QUOTED: Final = re.compile(rf"""(["'`]){_NAMED}\1""")


def named(code: str) -> str:
    """The code with names in place of its placeholders. It is the same for all values."""
    texts = QUOTED.sub(r"(String($given.\2[\3]))", code)
    return PLACEHOLDER.sub(r"$given.\1[\2]", texts)
