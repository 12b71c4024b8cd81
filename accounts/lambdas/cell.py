"""The program of the process in which a stranger's code runs. Started by `sandbox`, never imported.

It loads V8, gives up everything else, says that it is ready, reads one job and answers it. It
imports nothing of ours but the lock beside it, and is told nothing but the job.
"""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from py_mini_racer import MiniRacer, init_mini_racer

READY = b"ready\n"
MEBIBYTE = 1024 * 1024
MOST_JOB_BYTES = 1 * MEBIBYTE

# No compiled code: most holes of V8 were in its compilers, and 100 ms of work need none.
FLAGS = ("--jitless", "--single-threaded", "--stack-size=512")

# The frame around a job: its values come as JSON and are frozen, its answer leaves as JSON. What
# the frame needs is taken before the job can change it, and what V8's wrapper adds is gone.
FRAME = """
(() => {
  const {parse, stringify} = JSON, {freeze, values} = Object;
  const build = Function;
  for (const name of ["console", "setTimeout", "clearTimeout", "__timer_manager", "WebAssembly",
                      "SharedArrayBuffer", "Atomics"]) {
    globalThis[name] = undefined;
    delete globalThis[name];
  }
  const deep = (value) => {
    if (value !== null && typeof value === "object") { values(value).forEach(deep); freeze(value); }
    return value;
  };
  return (code, text) => {
    const given = deep(parse(text));
    let run;
    try { run = build("$given", '"use strict";' + code); } catch { return undefined; }
    const answer = stringify(run(given));
    return answer === undefined ? "null" : answer;
  };
})()
"""


def main() -> None:
    """Get ready, be locked in, do one job, leave."""
    heap, most_answer = int(sys.argv[1]), int(sys.argv[2])
    # The wrapper wants its data from the file system, so it is loaded before the lock.
    init_mini_racer(flags=(*FLAGS, f"--max-heap-size={heap // MEBIBYTE}"))
    context = MiniRacer()
    context.set_hard_memory_limit(heap)
    frame: Any = context.eval(FRAME)
    # One call beforehand starts what is started late.
    frame("return 0", "{}")
    sys.path.insert(0, str(Path(__file__).parent))
    import seccomp  # type: ignore[import-not-found]  # noqa: PLC0415  (alone in this process)

    _bound(heap)
    seccomp.lock_in()
    os.write(1, READY)
    job = json.loads(_whole_job())
    _answer(_ran(frame, job), most_answer)


def _bound(heap: int) -> None:
    # What a job may add in all, V8's heap and what lies beside it: buffers, big integers, ours.
    data = _data_bytes() + heap
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CPU, 5),
        (resource.RLIMIT_DATA, data),
    ):
        resource.setrlimit(limit, (most, most))


def _data_bytes() -> int:
    # Writable memory as the kernel counts it for RLIMIT_DATA (proc(5), `VmData`), in kB there.
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = [line for line in lines if line.startswith("VmData:")]
    return int(line.split()[1]) * 1024


def _whole_job() -> bytes:
    parts: list[bytes] = []
    while part := os.read(0, 65536):
        parts.append(part)
        if sum(map(len, parts)) > MOST_JOB_BYTES:
            os._exit(2)
    return b"".join(parts)


def _ran(frame: Any, job: dict[str, str]) -> dict[str, Any]:
    try:
        output = frame(job["code"], job["given"])
        # Nothing comes back where nothing was run, and a text in any other case.
        return {"output": output} if isinstance(output, str) else {"uncompiled": True}
    except Exception:  # noqa: BLE001  (whatever a stranger's code threw: its text stays here)
        return {"failed": True}


def _answer(answer: dict[str, Any], most: int) -> None:
    data = json.dumps(answer).encode()
    if len(data) > most:
        data = b'{"failed": true}'
    while data:
        data = data[os.write(1, data) :]
    # No tidying up: what was loaded wants system calls for it.
    os._exit(0)


if __name__ == "__main__":
    main()
