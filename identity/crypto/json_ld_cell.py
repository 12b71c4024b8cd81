"""The program of the process that reads strangers' JSON-LD. Started by `json_ld_process` alone.

It loads what it needs, gives up files, network and memory beyond bounds, reads one job from its
input and answers it. The kernel ends it when its processor time is over.
"""

import json
import os
import resource
import sys
from pathlib import Path

SECONDS = 4
MEMORY = 256 * 1024 * 1024
MOST_JOB_BYTES = 2 * 1024 * 1024


def main() -> None:
    """Get ready, be bounded, do one job, leave."""
    sys.path.append(str(Path(__file__).parents[2]))
    from identity.crypto import json_ld, json_ld_contexts  # noqa: PLC0415  (alone here)
    from identity.errors import DomainError  # noqa: PLC0415  (the path is known only now)

    bundled = json_ld_contexts.bundled()
    # One job beforehand loads what is loaded late: afterwards no file can be opened.
    first = {"@context": json_ld_contexts.CREDENTIALS_V2, "type": "VerifiableCredential"}
    json_ld.canonical([first], bundled, is_rdfc=True)
    _bound()
    job = json.loads(sys.stdin.buffer.read(MOST_JOB_BYTES))
    try:
        contexts = {**bundled, **job["contexts"]}
        texts = json_ld.canonical(job["documents"], contexts, is_rdfc=job["is_rdfc"])
        answer: dict[str, object] = {"texts": texts}
    except DomainError as refused:
        answer = {"refused": refused.code}
    sys.stdout.buffer.write(json.dumps(answer).encode())
    sys.stdout.flush()
    os._exit(0)


def _bound() -> None:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(spent.ru_utime + spent.ru_stime) + SECONDS
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        # No number is left for a new file, socket or pipe: what is open stays, nothing is added.
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_DATA, _data_bytes() + MEMORY),
    ):
        resource.setrlimit(limit, (most, most))


def _data_bytes() -> int:
    # Writable memory as the kernel counts it for RLIMIT_DATA (proc(5), `VmData`), in kB there.
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = [line for line in lines if line.startswith("VmData:")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
