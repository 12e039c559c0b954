"""The URL of a PostgreSQL is read as libpq reads it, and a wrong one is refused without its password."""

import pytest

from service.values.database_urls import hosts_of, libpq_keywords, ports_of

SECRET = "swordfish"


@pytest.mark.parametrize(
    ("url", "keywords"),
    [
        ("postgres://u:p@h/d", {"user": "u", "password": "p", "host": "h", "dbname": "d"}),
        (
            "postgresql://u:p@h:6543/d",
            {"user": "u", "password": "p", "host": "h", "port": "6543", "dbname": "d"},
        ),
        ("postgresql+asyncpg://h", {"host": "h"}),
        ("postgresql://", {}),
        ("postgresql:///d", {"dbname": "d"}),
        ("postgresql://u@/d?host=/run/postgresql", {"user": "u", "dbname": "d", "host": "/run/postgresql"}),
        ("postgresql://%2Frun%2Fpostgresql/d", {"host": "/run/postgresql", "dbname": "d"}),
        (
            "postgresql://u:p%40%2F%3A%25+%20@h/d",
            {"user": "u", "password": "p@/:%+ ", "host": "h", "dbname": "d"},
        ),
        ("postgresql://u:p?a#s@h/d", {"user": "u", "password": "p?a#s", "host": "h", "dbname": "d"}),
        ("postgresql://[::1]:5433/d", {"host": "::1", "port": "5433", "dbname": "d"}),
        ("postgresql://a:1,b:2/d", {"host": "a,b", "port": "1,2", "dbname": "d"}),
        ("postgresql://a,b:2/d", {"host": "a,b", "port": ",2", "dbname": "d"}),
        (
            "postgresql://a,b/d?target_session_attrs=read-write&connect_timeout=10",
            {"host": "a,b", "dbname": "d", "target_session_attrs": "read-write", "connect_timeout": "10"},
        ),
        (
            "postgresql://h/d?user=u&password=p&dbname=e&port=7",
            {"host": "h", "dbname": "e", "user": "u", "password": "p", "port": "7"},
        ),
        ("postgresql://h?sslmode=require", {"host": "h", "sslmode": "require"}),
        ("postgresql://h?ssl=true", {"host": "h", "sslmode": "require"}),
        ("postgresql://h?ssl=disable", {"host": "h", "sslmode": "disable"}),
        ("postgresql://h?sslmode=disable&sslmode=prefer", {"host": "h", "sslmode": "prefer"}),
        (
            "postgresql://h?sslmode=verify-full&sslrootcert=system",
            {"host": "h", "sslmode": "verify-full", "sslrootcert": "system"},
        ),
        ("postgresql://h?application_name=parley%20eu", {"host": "h", "application_name": "parley eu"}),
    ],
)
def test_each_form_of_libpq_is_read(url: str, keywords: dict[str, str]) -> None:
    assert libpq_keywords(url) == keywords


def test_hosts_come_with_their_ports() -> None:
    both = libpq_keywords("postgresql://a,b:2/d")
    assert (hosts_of(both), ports_of(both)) == (["a", "b"], [5432, 2])


@pytest.mark.parametrize(
    ("url", "way_out"),
    [
        ("mysql://h/d", "Write postgresql://user:password@host/name"),
        ("postgresql+psycopg://h/d", "Write postgresql://user:password@host/name"),
        ("host=h dbname=d", "Write postgresql://user:password@host/name"),
        (f"postgresql://u:{SECRET}@h:abc/x", "A port is a number from 1 to 65535."),
        (f"postgresql://u:{SECRET}@h:0/x", "A port is a number from 1 to 65535."),
        (f"postgresql://u:{SECRET}@h:65536/x", "A port is a number from 1 to 65535."),
        (f"postgresql://u:{SECRET}/x@h/d", "/ as %2F"),
        (f"postgresql://u:a@{SECRET}@h/d", "@ as %40"),
        (f"postgresql://u:{SECRET}:b@[::1/d", "An IPv6 address stands in brackets."),
        ("postgresql://::1/d", "An IPv6 address stands in brackets."),
        (f"postgresql://u:{SECRET}%zz@h/d", "Write a % itself as %25."),
        (f"postgresql://u:{SECRET}%00@h/d", "a character that neither a name nor a password can have"),
        (f"postgresql://u:{SECRET}%ff@h/d", "a character that neither a name nor a password can have"),
        ("postgresql://a,,b/d", "A host between the commas is missing."),
        ("postgresql://a,b/d?port=1,2,3", "Give each host its port"),
        ("postgresql://a..b/d", "A host is a name, an address, or the folder of a Unix socket."),
        (
            "postgresql://h?sslmode=on",
            "sslmode can be allow, disable, prefer, require, verify-ca, verify-full.",
        ),
        ("postgresql://h?target_session_attrs=any1", "target_session_attrs can be any, "),
        ("postgresql://h?channel_binding=require", "channel_binding can be disable, prefer."),
        ("postgresql://h?connect_timeout=soon", "connect_timeout is a whole number of seconds."),
        (
            "postgresql://h?sslrootcert=system&sslmode=require",
            "sslrootcert=system goes with sslmode=verify-full",
        ),
        (
            f"postgresql://h?pgbouncer=true&password={SECRET}",
            "A keyword after the ? is not possible here. Possible",
        ),
        ("postgresql://h?sslmode", "A keyword after the ? is not possible here. Possible"),
    ],
)
def test_anything_else_is_refused_in_a_sentence_without_a_password(url: str, way_out: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as refused:
        libpq_keywords(url)
    assert way_out in str(refused.value)
    assert SECRET not in str(refused.value)
