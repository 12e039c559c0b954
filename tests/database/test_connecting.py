"""A PostgreSQL is reached by each URL that libpq takes, and what each says of TLS is what holds."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import trustme
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from service.database.connecting import connect_options
from service.database.engine import Database, open_database
from service.demo.run import free_port
from tests.tls_database import TlsFront, tls_front

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = open_database(url)
    try:
        yield database
    finally:
        await database.close()


async def ask(url: str, question: str = "SELECT current_database()") -> Any:
    """Return what the database of this URL answers."""
    async with opened(url) as database, database.engine.connect() as connection:
        return (await connection.execute(text(question))).scalar_one()


@pytest.fixture
def folder(postgres_database_url: str) -> str:
    """Where the Unix socket of the PostgreSQL is."""
    return str(make_url(postgres_database_url).query["host"])


@pytest.fixture
def name(postgres_database_url: str) -> str:
    return str(make_url(postgres_database_url).database)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
@pytest.mark.parametrize(
    "form",
    [
        "{scheme}://postgres@{quoted}/{name}",
        "{scheme}://postgres:p%40ss%2Fword@/{name}?host={folder}",
        "{scheme}://postgres@{quoted}:5432/{name}?sslmode=disable&connect_timeout=3",
        "{scheme}:///?host={folder}&user=postgres&dbname={name}&port=5432",
    ],
)
async def test_a_unix_socket_is_reached(scheme: str, form: str, folder: str, name: str) -> None:
    url = form.format(scheme=scheme, folder=folder, quoted=quote(folder, safe=""), name=name)
    assert await ask(url) == name


async def test_what_the_server_is_told_of_us_it_knows(folder: str, name: str) -> None:
    url = f"postgresql://postgres@/{name}?host={folder}&application_name=parley%20eu&options=-c%20work_mem%3D5MB"
    assert await ask(url, "SHOW application_name") == "parley eu"
    assert await ask(url, "SHOW work_mem") == "5MB"


@pytest.mark.parametrize("attributes", ["any", "read-write", "primary"])
async def test_of_two_hosts_the_one_that_takes_writes_is_reached(
    attributes: str, folder: str, name: str, tmp_path: Path
) -> None:
    away = quote(str(tmp_path), safe="")
    url = f"postgresql://postgres@{away}:5432,{quote(folder, safe='')}:5432/{name}?target_session_attrs={attributes}"
    assert await ask(url) == name


async def test_two_hosts_of_which_none_is_a_standby_say_so(folder: str, name: str) -> None:
    with pytest.raises(DBAPIError):
        await ask(f"postgresql://postgres@/{name}?host={folder}&target_session_attrs=standby")


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(authority: trustme.CA, tmp_path: Path) -> dict[str, Path]:
    """What an operator gets from the authority of the database: its certificate, and one for this node."""
    mine = authority.issue_cert("parley.example.com")
    files = {kind: tmp_path / f"{kind}.pem" for kind in ("root", "other", "cert", "key")}
    authority.cert_pem.write_to_path(files["root"])
    trustme.CA().cert_pem.write_to_path(files["other"])
    mine.cert_chain_pems[0].write_to_path(files["cert"])
    mine.private_key_pem.write_to_path(files["key"])
    return files


@asynccontextmanager
async def front(
    url: str, authority: trustme.CA, certified: str, *, asks_who: bool = False
) -> AsyncIterator[TlsFront]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(certified).configure_cert(context)
    if asks_who:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    async with tls_front(url, context) as standing:
        yield standing


@pytest.mark.parametrize(
    ("query", "certified", "greeted"),
    [
        ("sslmode=prefer", "elsewhere.example.com", "tls"),
        ("", "elsewhere.example.com", "tls"),
        ("sslmode=require", "elsewhere.example.com", "tls"),
        ("ssl=require", "elsewhere.example.com", "tls"),
        ("sslmode=require&sslrootcert={root}", "elsewhere.example.com", "tls"),
        ("sslmode=verify-ca&sslrootcert={root}", "elsewhere.example.com", "tls"),
        ("sslmode=verify-full&sslrootcert={root}", "127.0.0.1", "tls"),
        ("sslmode=verify-full&sslrootcert={root}&ssl_min_protocol_version=TLSv1.3", "127.0.0.1", "tls"),
    ],
)
async def test_tls_is_as_the_url_says(
    query: str,
    certified: str,
    greeted: str,
    postgres_database_url: str,
    name: str,
    authority: trustme.CA,
    files: dict[str, Path],
) -> None:
    async with front(postgres_database_url, authority, certified) as standing:
        url = f"postgresql://postgres@127.0.0.1:{standing.port}/{name}?{query.format_map(files)}"
        assert await ask(url) == name
    assert standing.greeted == [greeted]


@pytest.mark.parametrize(
    ("query", "certified"),
    [
        ("sslmode=disable", "127.0.0.1"),
        ("sslmode=require&sslrootcert={other}", "127.0.0.1"),
        ("sslmode=verify-ca&sslrootcert={other}", "127.0.0.1"),
        ("sslmode=verify-full&sslrootcert={root}", "elsewhere.example.com"),
        ("sslmode=verify-full&sslrootcert=system", "127.0.0.1"),
    ],
)
async def test_a_database_that_cannot_prove_who_it_is_gets_nothing(
    query: str,
    certified: str,
    postgres_database_url: str,
    name: str,
    authority: trustme.CA,
    files: dict[str, Path],
) -> None:
    async with front(postgres_database_url, authority, certified) as standing:
        with pytest.raises(DBAPIError):
            await ask(f"postgresql://postgres@127.0.0.1:{standing.port}/{name}?{query.format_map(files)}")


async def test_a_certificate_of_ours_is_shown_to_a_database_that_asks_for_one(
    postgres_database_url: str, name: str, authority: trustme.CA, files: dict[str, Path]
) -> None:
    async with front(postgres_database_url, authority, "127.0.0.1", asks_who=True) as standing:
        place = f"postgresql://postgres@127.0.0.1:{standing.port}/{name}?sslmode=verify-full"
        ours = f"&sslrootcert={files['root']}&sslcert={files['cert']}&sslkey={files['key']}"
        assert await ask(place + ours) == name
        with pytest.raises(DBAPIError):
            await ask(f"{place}&sslrootcert={files['root']}")


@pytest.mark.parametrize("kind", ["sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile"])
def test_a_file_that_cannot_be_read_is_named(kind: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"{kind} {tmp_path}/none cannot be read: No such file or directory"):
        open_database(f"postgresql://h/d?{kind}={tmp_path}/none")


def test_the_url_says_how_long_to_wait_for_a_connection() -> None:
    assert connect_options("postgresql://h/d?connect_timeout=11", 30)["timeout"] == 11
    assert connect_options("postgresql://h/d?connect_timeout=0", 30)["timeout"] == 5


async def test_a_direct_connection_keeps_its_prepared_statements(postgres_database_url: str) -> None:
    """They are what makes a statement cheap that is said again; only behind a pooler they are in the way."""
    question = text(
        "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT count(*) FROM pg_%'"
    )
    async with opened(postgres_database_url) as database, database.engine.connect() as connection:
        await connection.execute(question)
        assert (await connection.execute(question)).scalar_one() == 1


async def test_no_host_there_is_an_error_of_the_database(name: str) -> None:
    with pytest.raises(DBAPIError, match="no connection"):
        await ask(f"postgresql://postgres@127.0.0.1:{free_port()}/{name}")
