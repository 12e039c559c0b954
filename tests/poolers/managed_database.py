"""A PostgreSQL as a provider runs it: Debian's own, with passwords and TLS, and Debian's PgBouncer in front of it."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg
import trustme

from service.demo.run import free_port, stop_process
from tests.deadlines import until

USER = "parley"
PASSWORD = "p@ss/wo:rd %"
# Neither server runs as root; this user comes with the packages.
SYSTEM_USER = "postgres"
SETTINGS: Mapping[str, str] = {"ssl": "on", "fsync": "off", "password_encryption": "scram-sha-256"}


@dataclass(frozen=True)
class ManagedDatabase:
    """Where it is, and what an operator is given: a user with a password, and the certificate of its authority."""

    folder: Path
    port: int

    @property
    def authority(self) -> Path:
        """The certificate of who vouches for the server."""
        return self.folder / "authority.pem"

    def url(self, database: str, *, port: int = 0, password: str = PASSWORD, query: str = "") -> str:
        """Return the URL as the provider's page shows it."""
        place = f"127.0.0.1:{port or self.port}"
        return f"postgres://{USER}:{quote(password, safe='')}@{place}/{database}?{query or 'sslmode=require'}"

    def execute(self, statement: str, database: str = "postgres") -> object:
        """Return the first value that the server itself answers."""

        async def run() -> object:
            connection = await asyncpg.connect(self.url(database))
            try:
                return await connection.fetchval(statement)
            finally:
                await connection.close()

        return asyncio.run(run())

    @contextmanager
    def pooled(self, mode: str, size: int = 2) -> Iterator[int]:
        """Give the port of a PgBouncer that has so many connections for each database, in this pool mode."""
        port, folder = free_port(), Path(tempfile.mkdtemp(prefix="parley-pgbouncer-"))
        (folder / "users").write_text(f'"{USER}" "{PASSWORD}"\n')
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={self.port}\n[pgbouncer]\npool_mode = {mode}\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nlogfile = {folder}/log\n"
            f"default_pool_size = {size}\nmax_client_conn = 500\nserver_tls_sslmode = require\n"
            f"auth_type = scram-sha-256\nauth_file = {folder}/users\nclient_tls_sslmode = allow\n"
            f"client_tls_key_file = {self.folder}/key.pem\nclient_tls_cert_file = {self.folder}/cert.pem\n"
        )
        _hand_over(folder)
        process = _start("/usr/sbin/pgbouncer", "-q", str(folder / "pgbouncer.ini"))
        try:
            until(lambda: process.poll() is not None or _answers(self.url("postgres", port=port)))
            assert process.poll() is None, (folder / "log").read_text()
            yield port
        finally:
            stop_process(process)
            shutil.rmtree(folder)


@contextmanager
def managed_database() -> Iterator[ManagedDatabase]:
    """Give a fresh one; its packages have been installed, or the test fails."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    database = ManagedDatabase(Path(tempfile.mkdtemp(prefix="parley-managed-")), free_port())
    folder, data = database.folder, database.folder / "data"
    _certify(folder)
    (folder / "password").write_text(PASSWORD)
    _hand_over(folder)
    _run(
        *(str(programs / "initdb"), "-D", str(data), "-U", USER, "--auth=scram-sha-256"),
        *("--encoding=utf8", f"--pwfile={folder}/password"),
    )
    files = {"ssl_cert_file": f"{folder}/cert.pem", "ssl_key_file": f"{folder}/key.pem"}
    places = {"unix_socket_directories": "", "listen_addresses": "127.0.0.1", "port": str(database.port)}
    settings = [f"-c{name}={value}" for name, value in {**SETTINGS, **files, **places}.items()]
    process = _start(str(programs / "postgres"), "-D", str(data), *settings)
    try:
        until(lambda: process.poll() is not None or _answers(database.url("postgres")))
        assert process.poll() is None, "PostgreSQL does not run; see above"
        yield database
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait()
        shutil.rmtree(folder)


def _certify(folder: Path) -> None:
    authority = trustme.CA()
    server = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    server.private_key_pem.write_to_path(folder / "key.pem")
    server.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    (folder / "key.pem").chmod(0o600)


def _hand_over(folder: Path) -> None:
    """The folder is the servers' own, and walked through by everybody."""
    folder.chmod(0o755)
    if _is_root():
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, SYSTEM_USER, SYSTEM_USER)


def _is_root() -> bool:
    return os.geteuid() == 0


def _run(*command: str) -> None:
    user = SYSTEM_USER if _is_root() else None
    subprocess.run(command, user=user, group=user, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - of the test


def _start(*command: str) -> subprocess.Popen[bytes]:
    user = SYSTEM_USER if _is_root() else None
    return subprocess.Popen(command, user=user, group=user, stdout=subprocess.DEVNULL)  # noqa: S603 - of the test


def _answers(url: str) -> bool:
    async def ask() -> bool:
        try:
            connection = await asyncpg.connect(url, timeout=2, statement_cache_size=0)
        except (OSError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True

    return asyncio.run(ask())
