"""`make bench`: what a whole public set-up costs, beside a floor that is measured in the same run."""

import argparse
import asyncio
import os
import signal
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from benchmarks.contenders import Contender
from benchmarks.counted_node import NAMES
from benchmarks.cpu import machine
from benchmarks.floor_pair import floor_pair
from benchmarks.http_client import HttpClient
from benchmarks.measuring import Round, drive, ratio, summary
from benchmarks.parley_pair import parley_pair
from benchmarks.peer_pair import peer_pair

PARTS = ("parley", "floor", "peers", "counted", "profiled")
# So many flows of the others for one of ours: they are short, and a short round is a noisy one.
FLOOR_TIMES, PEERS_TIMES = 4, 2


def main() -> None:
    """Measure what was asked for, and print it."""
    asked = _arguments()
    print(f"machine: {machine()}")
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        for kind in asked.databases:
            folders = {part: Path(folder) / kind / part for part in PARTS}
            for each in folders.values():
                each.mkdir(parents=True)
            uvloop.run(_measure(kind, folders, asked))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flows", type=int, default=240, help="set-ups of each kind and number at once")
    parser.add_argument("--rounds", type=int, default=4, help="into how many interleaved parts they are cut")
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 16])
    parser.add_argument(
        "--databases", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"]
    )
    parser.add_argument(
        "--only", choices=["times", "counts", "profile"], help="one part instead of times and counts"
    )
    parser.add_argument("--peers", action="store_true", help="openid-client and oidc-provider, too")
    parser.add_argument("--profile-lines", type=int, default=45)
    return parser.parse_args()


async def _measure(kind: str, folders: dict[str, Path], asked: argparse.Namespace) -> None:
    if asked.only in {None, "times"}:
        await _times(kind, folders, asked)
    if asked.only in {None, "counts"}:
        await _counts(kind, folders["counted"], asked)
    if asked.only == "profile":
        async with parley_pair(kind, folders["profiled"], profiled=True) as pair:
            await drive(pair, 32, 16)
            for server in pair.servers:
                os.kill(server.pid, signal.SIGUSR1)
            await drive(pair, asked.flows, max(asked.at_once))
        _print_profiles(kind, folders["profiled"], asked)


async def _times(kind: str, folders: dict[str, Path], asked: argparse.Namespace) -> None:
    async with AsyncExitStack() as stack:
        contenders = [
            await stack.enter_async_context(parley_pair(kind, folders["parley"])),
            await stack.enter_async_context(floor_pair(kind, folders["floor"])),
        ]
        if asked.peers:
            contenders.append(await stack.enter_async_context(peer_pair(kind, folders["peers"])))
        times = {"parley": 1, "floor": FLOOR_TIMES, "peers": PEERS_TIMES}
        await compare(kind, contenders, times, asked)


async def compare(
    kind: str, contenders: Sequence[Contender], times: dict[str, int], asked: argparse.Namespace
) -> None:
    """Drive the contenders in turn, part by part, and print what each of them took."""
    for each in contenders:
        await drive(each, 8 * times[each.name], 8)  # caches are warm, connections made, code compiled
    for at_once in asked.at_once:
        rounds: dict[str, list[Round]] = {each.name: [] for each in contenders}
        for _ in range(asked.rounds):
            for each in contenders:
                part = max(asked.flows // asked.rounds, 1) * times[each.name]
                rounds[each.name].append(await drive(each, part, at_once))
        _print_times(kind, at_once, contenders, rounds)
    for each in contenders:
        async with HttpClient() as http:
            agreed = await each.count_agreed(http)
        sizes = " and ".join(f"{size:.0f}" for size in each.megabytes())
        print(
            f"  {each.name}: {sizes} MB resident"
            + (f"; both sides agree on {agreed} connections" if agreed else "")
        )


def _print_times(
    kind: str, at_once: int, contenders: Sequence[Contender], rounds: dict[str, list[Round]]
) -> None:
    print(f"\n{kind}, {at_once} at once")
    print(
        f"  {'':10} {'flows/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'p99/p50':>8} "
        f"{'CPU ms':>8} {'nodes':>8} {'database':>8} {'driver':>8} {'requests':>8} {'flows':>6} {'failed':>6}"
    )
    for each in contenders:
        s = summary(each.name, rounds[each.name])
        print(
            f"  {s.contender:10} {s.per_second:8.1f} {s.p50:8.1f} {s.p99:8.1f} {s.p99 / s.p50:8.2f} "
            f"{s.total:8.2f} {s.cpu:8.2f} {s.cpu_of_database:8.2f} {s.cpu_of_driver:8.2f} {s.requests:8.1f} "
            f"{s.flows:6d} {s.failed:6d}"
        )
        for failure in {each for part in rounds[each.name] for each in part.failures}:
            print(f"    failed: {failure}")
    ours = contenders[0].name
    p50 = {name: summary(name, found).p50 for name, found in rounds.items()}
    for other in contenders[1:]:
        print(
            f"  {ours} takes {ratio(rounds[ours], rounds[other.name]):.2f} x the CPU of {other.name}",
            flush=True,
        )
        print(f"  {ours}'s p50 is {p50[ours] / p50[other.name]:.2f} x that of {other.name}", flush=True)


async def _counts(kind: str, folder: Path, asked: argparse.Namespace) -> None:
    """Print what each node does for one flow, 16 at once and on warm caches, and what it does when idle."""
    flows = max(asked.flows // 2, 16)
    async with parley_pair(kind, folder, counted=True) as pair:
        await drive(pair, 16, 16)
        await asyncio.sleep(1)
        before = pair.counts()
        before = {name: dict(counts) for name, counts in before.items()}
        await drive(pair, flows, max(asked.at_once))
        after = {name: dict(counts) for name, counts in pair.counts().items()}
        await asyncio.sleep(5)
        idle = pair.counts()
        print(f"\n{kind}, counts for one flow, {max(asked.at_once)} at once" + f"{'idle, a second':>48}")
        print(f"  {'':20} {'initiator':>10} {'responder':>10} {'both':>10} {'both':>32}")
        for name in NAMES:
            sides = [(after[node][name] - before[node][name]) / flows for node in after]
            waste = sum(idle[node][name] - after[node][name] for node in idle) / 5
            print(f"  {name:20} {sides[0]:10.1f} {sides[1]:10.1f} {sum(sides):10.1f} {waste:32.1f}")


def _print_profiles(kind: str, folder: Path, asked: argparse.Namespace) -> None:
    """Print where the CPU time of each node went."""
    for path in sorted(folder.glob("*.profile")):
        print(f"\n{kind}, {path.stem}, {asked.flows} flows")
        for part in path.read_text().split("\n\n"):
            print("\n".join(part.splitlines()[: asked.profile_lines]), end="\n\n")


if __name__ == "__main__":
    main()
