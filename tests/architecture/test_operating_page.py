"""The page for operators names every setting that the code reads, and no other."""

import re

from tests.architecture import house

READ = re.compile(
    r'"(COUNTERSIGN_[A-Z_]+|DATABASE_(?:OWNER_)?URL|REDIS_URL|FIREBLOCKS_BASEURL|EMAIL_URL|EMAIL_FROM'
    r'|HOST|(?:SOCKET_)?PORT)"'
)
ROW = re.compile(r"^\| (`[A-Z_`, ]+`) \|", re.MULTILINE)
BETWEEN_PROCESSES = {"COUNTERSIGN_WEB_SERVER_PID"}


def names_read() -> set[str]:
    files = [house.ROOT / "manage.py", *house.sources("identity")]
    return {name for file in files for name in READ.findall(file.read_text())} - BETWEEN_PROCESSES


def names_told() -> set[str]:
    text = (house.ROOT / "docs" / "operating.md").read_text()
    section = text.split("## Settings")[1].split("\n## ")[0]
    return {name for row in ROW.findall(section) for name in re.findall("[A-Z_]+", row)}


def test_tells_every_setting_and_no_other() -> None:
    assert names_told() == names_read()
    assert len(names_read()) > 15
