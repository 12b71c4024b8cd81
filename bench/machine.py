"""What the machine tells: processor time of processes and database backends, memory."""

from pathlib import Path


def cpu(pid: int) -> float:
    """Microseconds of processor time of a process's living threads (they stay, see serve)."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            continue
    return total / 1000


def proportional_memory(pid: int) -> float:
    """MiB of the process, pages shared with others counted by shares (PSS)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def family(pid: int) -> list[int]:
    """A process and everything it started."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in found for member in family(int(child)))]


def worker(pid: int) -> int:
    """The process of a server's family that has used most processor time: the one that works."""
    return max(family(pid), key=cpu)
