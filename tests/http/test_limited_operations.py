"""What strangers can ask for is limited by where they ask from, operation by operation."""

import pytest

from service.limits import table as limits
from service.limits.table import Limit, find_limited

EXPECTED: dict[str, tuple[Limit, list[str]]] = {
    "probes": (
        limits.PROBES_BY_SOURCE,
        [
            "POST /v1/destination-probes",
            "POST /v1/connections",
            "PUT /v1/connections/con_1/destination",
            "POST /v1/connections/con_1/verification-sessions",
            "POST /v1/invitation-previews",
            "POST /v1/invitation-acceptances",
            "POST /v1/invitation-rejections",
        ],
    ),
    "checks": (
        limits.CHECKS_BY_SOURCE,
        ["POST /v1/instances/ins_1/checks", "POST /v1/connections/con_1/checks"],
    ),
    "signing-in": (limits.SIGN_INS_BY_SOURCE, ["POST /v1/sessions", "POST /i/acme/sign-in"]),
    "pages": (
        limits.PAGES_BY_SOURCE,
        [
            "GET /i/acme/sign-in",
            "GET /v1/verification-sessions/vs_1/start",
            "POST /v1/verification-sessions/vs_1/start",
            "GET /i/acme/oauth/callback",
            "GET /i/acme/oauth/authorize",
            "GET /i/acme/oauth/authorize/aut_1",
            "POST /i/acme/oauth/authorize/aut_1",
            "GET /i/acme/invite",
            "POST /i/acme/invite",
            "GET /i/acme/invite/inv_1",
        ],
    ),
    "pushes": (limits.PUSHES_BY_SOURCE, ["POST /i/acme/oauth/par", "POST /i/acme/oauth/register"]),
    "tokens": (limits.TOKENS_BY_SOURCE, ["POST /i/acme/oauth/token"]),
    "peers": (
        limits.PEERS_BY_SOURCE,
        [
            "POST /i/acme/invitations/status",
            "POST /i/acme/invitations/rejection",
            "GET /i/acme/connections/0198",
            "PUT /i/acme/connections/0198/status",
            "POST /i/acme/connections/0198/messages",
            "PUT /i/acme/connections/0198/activation",
            "PUT /i/acme/connections/0198/issuer",
            "DELETE /i/acme/connections/0198",
        ],
    ),
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_each_is_counted_by_source(kind: str) -> None:
    """That what is counted is refused, and how, is told by tests/http/test_rate_limits.py."""
    limit, asked = EXPECTED[kind]
    found = {each: find_limited(*each.split(" ")) for each in asked}
    assert [each for each, operation in found.items() if operation is None or operation.limit != limit] == []
