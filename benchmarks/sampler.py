"""Where the CPU time of a process goes: its stack, looked at again and again while it computes."""

import signal
from collections import Counter
from pathlib import Path
from types import FrameType

import greenlet

SECONDS = 0.001
Place = tuple[str, str]


class Sampler:
    """A profile by samples; unlike one that counts calls, it costs little and is not misled by coroutines."""

    def __init__(self) -> None:
        self.own: Counter[Place] = Counter()
        self.within: Counter[Place] = Counter()
        self.samples = 0

    def start(self) -> None:
        """Look at the stack from now on, while CPU time goes by."""
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, SECONDS, SECONDS)

    def _look(self, _signal: int, frame: FrameType | None) -> None:
        if frame is None:
            return
        self.samples += 1
        self.own[_place(frame)] += 1
        seen = set()
        # SQLAlchemy runs in a greenlet of its own: who called it is in the parent.
        green = greenlet.getcurrent()
        while frame is not None:
            seen.add(_place(frame))
            frame = frame.f_back
            while frame is None and green.parent is not None:
                green = green.parent
                frame = green.gr_frame
        self.within.update(seen)

    def write(self, path: Path) -> None:
        """Stop, and leave the two tables behind."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        parts = [f"{self.samples} samples, one in each tick of CPU time"]
        for title, found in (("own time", self.own), ("with all that it calls", self.within)):
            parts.append(f"\n{title}")
            parts += [
                f"{count / self.samples:7.1%} {where}:{name}"
                for (where, name), count in found.most_common(400)
            ]
        path.write_text("\n".join(parts) + "\n")


def _place(frame: FrameType) -> Place:
    code = frame.f_code
    where = code.co_filename.rpartition("/site-packages/")[2]
    return "/".join(where.split("/")[-3:]), code.co_qualname
