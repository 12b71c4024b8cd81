"""The system calls that a program may still make once it is locked in. Everything else kills it.

A list of what is allowed, because what is missing from a list of what is forbidden is a hole. It
holds for all threads of the process and can not be taken back. Linux on x86-64 and ARM 64 only:
elsewhere `lock_in` raises, and nothing is run. (seccomp(2), prctl(2))
"""

import ctypes
import platform
import struct
from typing import Final

SET_NO_NEW_PRIVILEGES: Final = 38
SET_MODE_FILTER: Final = 1
ON_ALL_THREADS: Final = 1
KILL_PROCESS: Final = 0x80000000
REFUSE: Final = 0x0005000D  # SECCOMP_RET_ERRNO with EACCES
ALLOW: Final = 0x7FFF0000

LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
IF_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
IF_AT_LEAST: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
RETURN: Final = 0x06  # BPF_RET | BPF_K
NUMBER_AT: Final = 0  # offsets within struct seccomp_data
ARCHITECTURE_AT: Final = 4
FIRST_ARGUMENT_AT: Final = 16  # its lower half on both machines
# Numbers from here on belong to the x32 flavour of x86-64, which has calls of its own.
FIRST_OF_X32: Final = 0x40000000

# Memory, waiting, clocks and the pipes that are open already. No call that opens, connects,
# starts, signals or looks at another process. (`sendto` and `recvfrom` wake a thread through a
# pair of sockets that is open; there is no other to send to.) V8 starts no thread later on.
X86_64: Final = {
    "read": 0, "write": 1, "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12,
    "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "sched_yield": 24,
    "mremap": 25, "madvise": 28, "getpid": 39, "sendto": 44, "recvfrom": 45, "exit": 60,
    "gettimeofday": 96, "sigaltstack": 131, "gettid": 186, "time": 201, "futex": 202,
    "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230,
    "exit_group": 231, "epoll_wait": 232, "epoll_pwait": 281, "getrandom": 318, "rseq": 334,
}  # fmt: skip
ARM_64: Final = {
    "epoll_pwait": 22, "read": 63, "write": 64, "exit": 93, "exit_group": 94, "futex": 98,
    "clock_gettime": 113, "clock_getres": 114, "clock_nanosleep": 115, "restart_syscall": 128,
    "sched_yield": 124, "sigaltstack": 132, "rt_sigaction": 134, "rt_sigprocmask": 135,
    "rt_sigreturn": 139, "gettimeofday": 169, "getpid": 172, "gettid": 178, "sendto": 206,
    "recvfrom": 207, "brk": 214, "munmap": 215, "mremap": 216, "mmap": 222, "mprotect": 226,
    "madvise": 233, "getrandom": 278, "rseq": 293,
}  # fmt: skip
# Machine: its audit number, the numbers of seccomp(2), openat(2) and prctl(2), and its list. Two
# things are refused and not killed, because what asks does without: to open, for the C library
# looks for a setting of the kernel when memory is given back; and to give memory a name, which V8
# does for whoever reads /proc.
MACHINES: Final = {
    "x86_64": (0xC000003E, 317, 257, 157, X86_64),
    "aarch64": (0xC00000B7, 277, 56, 167, ARM_64),
}
NAME_MEMORY: Final = 0x53564D41  # PR_SET_VMA


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def lock_in() -> None:
    """From here on this process computes and talks through open pipes, and nothing else.

    Raises OSError where the system can not promise that.
    """
    machine = MACHINES.get(platform.machine())
    if platform.system() != "Linux" or machine is None:
        raise OSError("This system has no filter of system calls that we know.")
    architecture, seccomp, opening, naming, allowed = machine
    system = ctypes.CDLL(None, use_errno=True)
    if system.prctl(SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "Privileges could not be given up.")
    steps = program(architecture, opening, naming, sorted(allowed.values()))
    code = ctypes.create_string_buffer(steps, len(steps))
    filter_ = _Program(len(steps) // 8, ctypes.cast(code, ctypes.c_void_p))
    # A thread that could not be locked in makes the answer its number, which is not 0 either.
    if system.syscall(seccomp, SET_MODE_FILTER, ON_ALL_THREADS, ctypes.byref(filter_)) != 0:
        raise OSError(ctypes.get_errno(), "The filter of system calls was not accepted.")


def program(architecture: int, opening: int, naming: int, allowed: list[int]) -> bytes:
    """The filter as the kernel reads it: eight bytes an instruction."""
    steps = [
        (LOAD, 0, 0, ARCHITECTURE_AT),
        (IF_EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD, 0, 0, NUMBER_AT),
        (IF_AT_LEAST, 0, 1, FIRST_OF_X32),
        (RETURN, 0, 0, KILL_PROCESS),
    ]
    for number in allowed:
        steps += [(IF_EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    steps += [
        (IF_EQUAL, 0, 1, opening),
        (RETURN, 0, 0, REFUSE),
        (IF_EQUAL, 0, 3, naming),
        (LOAD, 0, 0, FIRST_ARGUMENT_AT),
        (IF_EQUAL, 0, 1, NAME_MEMORY),
        (RETURN, 0, 0, REFUSE),
        (RETURN, 0, 0, KILL_PROCESS),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
