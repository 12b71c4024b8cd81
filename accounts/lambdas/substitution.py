"""Where code names a value, `<<inputs.0>>`, it is handed the value. No value ever becomes code.

A placeholder turns into a name of ours, `$given.inputs[0]`, whatever the value is; the value goes
beside the code, as data. Within quotation marks a placeholder is therefore text, and stays inert.
"""

import re
from typing import Final

PLACEHOLDER: Final = re.compile(r"<<(inputs|conditions|envs)\.(0|[1-9][0-9]{0,2})>>")


def named(code: str) -> str:
    """The code with names in place of its placeholders. It is the same for all values."""
    return PLACEHOLDER.sub(r"$given.\1[\2]", code)
