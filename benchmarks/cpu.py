"""CPU time and memory of processes and all that they started, from the kernel's own accounting."""

import os
import time
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return what this process and its children have used, ended children included."""
    return sum(_own_seconds(each) + _seconds_of_ended_children(each) for each in family(pid))


def resident_megabytes(pid: int) -> float:
    """Return what of this process and its children is in memory."""
    return sum(_resident_bytes(each) for each in family(pid)) / 1e6


def family(pid: int) -> list[int]:
    """Return the process and its living descendants."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue  # it ended meanwhile
    return found


def _own_seconds(pid: int) -> float:
    """Return what all threads of the process used, by the scheduler's clock of it, in nanoseconds inside."""
    try:
        return time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3) spelt out
    except OSError:
        return 0.0


def _seconds_of_ended_children(pid: int) -> float:
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(after_name[13]) + int(after_name[14])) / TICKS


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except OSError:
        return 0


def machine() -> str:
    """Return one line that says on what this was measured."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        "unknown CPU",
    )
    memory = next(int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal"))
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} x {cpu}, {memory / 1e6:.0f} GB, Linux {os.uname().release}, load {load:.1f}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()
