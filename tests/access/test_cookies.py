"""The cookie of a person belongs to one instance, and to pages of this node alone."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from service.access.cookies import cookie_name, drop_cookie, read_cookie, set_cookie

HTTPS, HTTP = "https://parley.example/i/acme", "http://127.0.0.1:8000/i/acme"


def _sent(header: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", header.encode())]})


def test_each_instance_has_a_cookie_of_its_own() -> None:
    names = {cookie_name(issuer) for issuer in (HTTPS, HTTP, "https://parley.example/i/acme2")}
    assert len(names) == 3


def test_on_https_no_other_host_and_no_script_reaches_it() -> None:
    response = Response()
    set_cookie(response, HTTPS, "pls_secret")
    name, *attributes = response.headers["set-cookie"].split("; ")
    assert name.startswith("__Host-parley-")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=1800"} == set(attributes)


def test_on_http_it_works_without_secure() -> None:
    response = Response()
    set_cookie(response, HTTP, "pls_secret")
    assert response.headers["set-cookie"].startswith("parley-")
    assert "Secure" not in response.headers["set-cookie"]


@pytest.mark.parametrize("issuer", [HTTPS, HTTP])
def test_what_was_set_is_read_until_it_is_dropped(issuer: str) -> None:
    response = Response()
    set_cookie(response, issuer, "pls_secret")
    sent = response.headers["set-cookie"].partition(";")[0]
    assert read_cookie(_sent(f"other=1; {sent}"), issuer) == "pls_secret"
    assert read_cookie(_sent("other=1"), issuer) is None
    dropped = Response()
    drop_cookie(dropped, issuer)
    assert dropped.headers["set-cookie"].startswith(f'{cookie_name(issuer)}=""')
    assert "Max-Age=0" in dropped.headers["set-cookie"]
