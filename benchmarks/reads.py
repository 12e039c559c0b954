"""`make bench-reads`: what lists cost with a thousand connections and with a million, and one connection by its id."""

import argparse
import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import asyncpg
import uvloop

from benchmarks.cpu import cpu_seconds, machine
from benchmarks.databases import Server, database_server
from benchmarks.http_client import HttpClient
from benchmarks.parley_pair import DETAILS, Instance
from benchmarks.processes import free_port, python, run, served

FEW = 1_000
PRIVATE = {"destination": {"type": "private"}, "details": DETAILS}
DEEP_PAGES = 200
LISTS = {
    "newest first": "/v1/connections?limit=50",
    "oldest first": "/v1/connections?limit=50&sort=created_at",
    "last changed first": "/v1/connections?limit=50&sort=-updated_at",
    "of one instance": "/v1/connections?limit=50&instance={instance}",
    "active (half)": "/v1/connections?limit=50&state=active",
    "pending (1 in 1,000)": "/v1/connections?limit=50&state=pending",
    "in mode script (1 in 50)": "/v1/connections?limit=50&mode=script",
    "public (all)": "/v1/connections?limit=50&type=public",
    "created lately": "/v1/connections?limit=50&created_after=2029-06-01T00:00:00Z",
    "text that most have": "/v1/connections?limit=50&q=copy",
    "text that few have": "/v1/connections?limit=50&q=copy%20999",
    "label that 1 in 100 has": "/v1/connections?limit=50&metadata[team]=t7",
}
# What differs from the one connection that a program made; the rest is copied from it. {n} is the number of the copy.
COPIED = {
    "id": "'con_' || {id}",
    "name": "'copy ' || {n}",
    "shared_id": "{id}",
    "state": "CASE WHEN {n} % 1000 = 0 THEN 'pending' WHEN {n} % 2 = 0 THEN 'active' ELSE 'draft' END",
    "mode": "CASE WHEN {n} % 50 = 0 THEN 'script' ELSE 'visual' END",
    "type": "'public'",
    "destination_url": "'https://tracker-' || {n} || '.test'",
    "metadata": "{label}",
    "created_at": "{moment}",
    "updated_at": "{moment}",
}
SQLITE = {
    "id": "printf('%032x', n)",
    "n": "n",
    "moment": "datetime('2020-01-01', '+' || (n * 300) || ' seconds') || '.000000'",
    "label": "json_object('team', 't' || (n % 100))",
}
POSTGRES = {
    "id": "lpad(to_hex(n), 32, '0')",
    "n": "n",
    "moment": "timestamptz '2020-01-01' + n * interval '300 seconds'",
    "label": "json_build_object('team', 't' || (n % 100))",
}


def main() -> None:
    """Measure on each database, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", type=int, default=1_000_000, help="how many connections are many")
    parser.add_argument("--times", type=int, default=40, help="how often each list is read")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    asked = parser.parse_args()
    print(f"machine: {machine()}")
    for kind in asked.databases:
        uvloop.run(_measure(kind, asked))


@dataclass(frozen=True, slots=True)
class Took:
    """How long a request took, in milliseconds: of the clock, and of CPU time of the node and its database."""

    p50: float
    p99: float
    cpu: float


async def _measure(kind: str, asked: argparse.Namespace) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parley-bench-")))
        database = stack.enter_context(database_server(kind, "acme"))
        port = free_port()
        environment = {
            "PARLEY_ENV": "development",
            "PARLEY_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "PARLEY_DATABASE_URL": database.url("acme"),
            "PARLEY_DATA_DIR": str(folder / "acme"),
            "PARLEY_SEALING_KEYS": run(python("service.cli", "new-sealing-key"), {}).strip(),
            "PARLEY_SANDBOX": "true",
            "PARLEY_RATE_LIMITS": "false",
        }
        run(python("service.cli", "migrate"), environment)
        command = python("service.cli", "serve", "--port", str(port))
        server = stack.enter_context(served("acme", command, port, folder, environment))
        await server.wait_until("/readyz")
        made = ("instance", "add", "--slug", "acme", "--name", "Acme", "--platform", "sandbox")
        issuer, token = run(python("service.cli", *made), environment).split()
        acme = Instance(server, issuer, token)
        bare_port = free_port()
        bare = stack.enter_context(
            served("bare", python("benchmarks.bare_route", str(bare_port)), bare_port, folder, {})
        )
        await bare.wait_until("/connections/1")
        async with HttpClient() as http:
            first = await acme.call(http, "POST", "/v1/connections", PRIVATE)
            pids = [server.pid, *([database.pid] if database.pid else [])]
            by_id = await _time(http, acme, f"/v1/connections/{first['id']}", 400, pids)
            anonymous = Instance(bare, bare.url, "none")
            floor = await _time(http, anonymous, "/connections/1", 400, [bare.pid])
            print(
                f"\n{kind}: a connection by id {by_id.cpu:.3f} CPU ms, a bare FastAPI route with a response model "
                f"{floor.cpu:.3f}: {by_id.cpu / floor.cpu:.1f} x"
            )
            names = {
                "instance": first["instance"]["id"]
                if isinstance(first["instance"], dict)
                else first["instance"]
            }
            await _copy(database, first["id"], range(1, FEW))
            few = await _lists(http, acme, names, asked.times, pids)
            began = time.perf_counter()
            await _copy(database, first["id"], range(FEW, asked.many))
            print(f"  {asked.many:,} connections, made in {time.perf_counter() - began:.0f} s")
            many = await _lists(http, acme, names, asked.times, pids)
        print(f"  {'p50 ms (p99)':34} {f'{FEW:,}':>16} {f'{asked.many:,}':>18} {'ratio':>8}")
        for what in few:
            a, b = few[what], many[what]
            print(
                f"  {what:34} {a.p50:8.2f} ({a.p99:5.1f}) {b.p50:10.2f} ({b.p99:5.1f}) {b.p50 / a.p50:8.2f}",
                flush=True,
            )


async def _lists(
    http: HttpClient, acme: Instance, names: dict[str, str], times: int, pids: Iterable[int]
) -> dict[str, Took]:
    found = {what: await _time(http, acme, path.format(**names), times, pids) for what, path in LISTS.items()}
    token, path = "", LISTS["newest first"]
    for _ in range(DEEP_PAGES):
        page = await acme.call(http, "GET", f"{path}&page_token={token}" if token else path)
        if page["next_page_token"] is None:
            break
        token = page["next_page_token"]
    found["newest first, deep page"] = await _time(http, acme, f"{path}&page_token={token}", times, pids)
    return found


async def _time(http: HttpClient, instance: Instance, path: str, times: int, pids: Iterable[int]) -> Took:
    for _ in range(5):
        await instance.call(http, "GET", path)
    seconds = []
    before = sum(cpu_seconds(pid) for pid in pids)
    for _ in range(times):
        began = time.perf_counter()
        await instance.call(http, "GET", path)
        seconds.append(time.perf_counter() - began)
    cpu = sum(cpu_seconds(pid) for pid in pids) - before
    return Took(median(seconds) * 1000, quantiles(seconds, n=100)[98] * 1000, cpu / times * 1000)


async def _copy(database: Server, model: str, numbers: range) -> None:
    """There are so many more connections, like the one that was made by a program."""
    if database.kind == "sqlite":
        await asyncio.to_thread(_copy_in_sqlite, database.folder / "acme.db", model, numbers)
        return
    connection = await asyncpg.connect(
        host=str(database.folder / "data"), user="postgres", database="acme", timeout=30
    )
    try:
        columns = [
            row["column_name"]
            for row in await connection.fetch(
                "SELECT column_name FROM information_schema.columns WHERE table_name = 'connection'"
            )
        ]
        series = f"generate_series({numbers.start}, {numbers.stop - 1}) AS n"
        await connection.execute(_insert(columns, series, POSTGRES), model, timeout=900)
        await connection.execute("VACUUM ANALYZE connection", timeout=300)
    finally:
        await connection.close()


def _copy_in_sqlite(path: Path, model: str, numbers: range) -> None:
    connection = sqlite3.connect(path, timeout=60)
    try:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(connection)")]
        series = (
            f"(WITH RECURSIVE count(n) AS (SELECT {numbers.start} UNION ALL SELECT n + 1 FROM count "  # noqa: S608 - our own numbers
            f"WHERE n < {numbers.stop - 1}) SELECT n FROM count)"
        )
        connection.execute(_insert(columns, series, SQLITE).replace("$1", "?"), (model,))
        connection.commit()
    finally:
        connection.close()


def _insert(columns: Iterable[str], series: str, dialect: dict[str, str]) -> str:
    chosen = {name: COPIED[name].format(**dialect) if name in COPIED else f"c.{name}" for name in columns}
    return (
        f"INSERT INTO connection ({', '.join(chosen)}) SELECT {', '.join(chosen.values())} "  # noqa: S608 - our own
        f"FROM connection AS c, {series} WHERE c.id = $1"
    )


if __name__ == "__main__":
    main()
