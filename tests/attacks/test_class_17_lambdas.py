"""Class 17 of the known attacks: places that run a tenant's code (as in CVE-2026-25227).

Two walls, each attacked alone: what code finds in V8, and what a program could do that has broken
out of V8 and runs in the locked process.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from accounts import errors
from accounts.lambdas import sandbox
from tests.lambdas import CALM

ROOM = sandbox.CELL.parent
# A bomb ends at the wall clock at the latest; the rest is the start of a busy machine's process.
PATIENCE = sandbox.DEFAULT.start_seconds + 2


def cells() -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        is_ours = int(stat.rpartition(")")[2].split()[1]) == os.getpid()
        if is_ours and str(sandbox.CELL).encode() in command:
            found.append(int(entry.name))
    return found


@pytest.mark.parametrize(
    "code",
    [
        "for (;;);",
        "return /(a+)+$/.test('a'.repeat(40) + 'b')",
        "const a = []; for (;;) a.push(new Array(100000).fill(1))",
        "const a = []; for (;;) a.push(new ArrayBuffer(10000000))",
        "const a = []; for (let i = 0; i < 100; i++) a.push(new Uint8Array(1000000).fill(1))",
        "return new Uint8Array(70000000).fill(1).length",
        "let s = 'x'; for (;;) s += s + s",
        "return 'x'.repeat(1000000)",
        "return String(2n ** 10000000n)",
        "function f() { f(); } f()",
        "const f = () => Promise.resolve().then(f); f(); for (;;);",
    ],
)
def test_ends_a_bomb(code: str) -> None:
    begun = time.monotonic()
    with pytest.raises(errors.LambdaFailed):
        sandbox.run(code, {})
    assert time.monotonic() - begun < PATIENCE
    assert cells() == []


@pytest.mark.parametrize(
    ("code", "wide"),
    [
        ("return new Uint8Array(100 * 1024 * 1024).fill(1).length", 100 * 1024 * 1024),
        ("const a = []; while (a.length < 100) a.push(new Uint8Array(1e6).fill(1)); return 1", 1),
    ],
)
def test_bounds_memory_and_not_only_time(code: str, wide: int) -> None:
    with pytest.raises(errors.LambdaFailed):
        sandbox.run(code, {}, CALM)
    more = replace(CALM, memory_bytes=256 * 1024 * 1024)
    assert sandbox.run(code, {}, more) == wide


def test_kills_what_does_not_end_by_the_wall_clock() -> None:
    short = sandbox.Bounds(seconds=0.001)
    with pytest.raises(errors.LambdaFailed):
        sandbox.run("for (;;);", {}, short)
    assert cells() == []


def test_finds_nothing_but_the_language() -> None:
    names = [
        "process", "require", "module", "Deno", "Bun", "fetch", "XMLHttpRequest", "WebSocket",
        "Worker", "importScripts", "WebAssembly", "SharedArrayBuffer", "Atomics", "console", "load",
        "read", "readFile", "print", "quit", "os", "d8", "setTimeout", "__timer_manager",
    ]  # fmt: skip
    for way in ("globalThis", "(()=>{}).constructor('return this')()"):
        code = f"const g = {way}; return $given.names.filter((name) => g && g[name] !== undefined)"
        assert sandbox.run(code, {"names": names}, CALM) == []


def test_can_not_import() -> None:
    code = "let got = 'nothing'; import('/etc/passwd').then((m) => { got = m; }); return got"
    assert sandbox.run(code, {}, CALM) == "nothing"


def test_tells_nothing_of_why_it_failed() -> None:
    told = set()
    for code in ("throw new Error('secret')", "for (;;);", "return (", "return 'x'.repeat(99999)"):
        with pytest.raises(errors.LambdaFailed) as refused:
            sandbox.run(code, {})
        told.add((str(refused.value), refused.value.detail, str(refused.value.facts)))
    assert len(told) == 1


def broken_out(act: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """What becomes of a program that is locked in as a cell is, and then does this."""
    program = (
        "import ctypes, os, socket, subprocess, sys\n"
        f"sys.path.insert(0, {str(ROOM)!r})\n"
        "import seccomp\n"
        "libc = ctypes.CDLL(None)\n"
        "pair = socket.socketpair()\n"
        f"{before}\n"
        "seccomp.lock_in()\n"
        "os.write(1, b'locked\\n')\n"
        f"{act}\n"
        "os.write(1, b'done\\n')\n"
        "os._exit(0)\n"
    )
    command = [sys.executable, "-I", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env={})


def test_lets_a_locked_program_compute_and_answer() -> None:
    outcome = broken_out("x = sum(range(100000))")
    assert (outcome.returncode, outcome.stdout) == (0, "locked\ndone\n")


@pytest.mark.parametrize(
    "act",
    [
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.system('true')",
        "__import__('_thread').start_new_thread(print, ())",
        "socket.socket()",
        "socket.socket(socket.AF_UNIX)",
        "pair[0].sendmsg([b'x'])",
        "os.kill(os.getppid(), 9)",
        "os.kill(os.getpid(), 0)",
        "os.listdir('/proc')",
        "os.stat('/')",
        "os.unlink('/nowhere')",
        "os.mkdir('/nowhere')",
        "os.chmod('/nowhere', 0)",
        "os.setuid(0)",
        "os.pipe()",
        "os.dup(1)",
        "os.memfd_create('x')",
        "libc.ptrace(16, os.getppid(), 0, 0)",
        "libc.process_vm_readv(os.getppid(), 0, 0, 0, 0, 0)",
        "libc.mount(b'a', b'/b', b'tmpfs', 0, 0)",
        "libc.prctl(4, 1, 0, 0, 0)",
        "libc.syscall(425, 1, 0)",  # io_uring_setup
        "libc.syscall(437, -100, b'/etc/passwd', 0, 0)",  # openat2
        "libc.syscall(0x40000000 + 39)",  # a call of the x32 flavour
    ],
)
def test_kills_a_locked_program_that_reaches_out(act: str) -> None:
    outcome = broken_out(act)
    assert outcome.stdout == "locked\n", outcome.stderr
    assert outcome.returncode == -signal.SIGSYS, outcome.stderr


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/self/environ", "/tmp/made"])
def test_opens_no_file_for_a_locked_program(path: str) -> None:
    outcome = broken_out(f"os.open({path!r}, os.O_RDWR | os.O_CREAT)")
    assert outcome.stdout == "locked\n"
    assert "PermissionError" in outcome.stderr or outcome.returncode == -signal.SIGSYS


def test_locks_in_threads_that_run_already() -> None:
    before = (
        "import threading\n"
        "gate = threading.Event()\n"
        "worker = threading.Thread(target=lambda: (gate.wait(), os.getppid()))\n"
        "worker.start()"
    )
    outcome = broken_out("gate.set()\nworker.join()", before)
    assert (outcome.returncode, outcome.stdout) == (-signal.SIGSYS, "locked\n")
