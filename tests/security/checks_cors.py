"""Checks: pages of other origins, what they may call and what they may read."""

from tests.security.check import Check

CORS = "service/http/cors.py"
MAIN = "service/main.py"
T = "tests/http/test_cors.py::"
LISTED = "CORS for configured origins, no wildcard with credentials"

CHECKS = (
    Check(
        "another-origin-may-neither-read",
        LISTED,
        CORS,
        "allow_origins=origins,",
        'allow_origins=("*",),',
        T + "test_another_origin_may_neither_ask_nor_read",
    ),
    Check(
        "no-origin-may-send-cookies",
        LISTED,
        CORS,
        "allow_private_network=True,",
        "allow_private_network=True,\n            allow_credentials=True,",
        T + "test_no_origin_may_send_cookies",
    ),
    Check(
        "pages-and-protocol-are-open-to-no-other",
        LISTED,
        CORS,
        'if scope["type"] == "http" and is_open(scope["path"]):',
        'if scope["type"] == "http":',
        T + "test_pages_and_protocol_are_open_to_no_other_origin",
    ),
    Check(
        "fault-read-by-listed-origins-only",
        LISTED,
        CORS,
        "if origin not in request.app.state.settings.cors_origins or not is_open(request.url.path):",
        "if not is_open(request.url.path):",
        T + "test_a_fault_is_read_by_listed_origins_only",
    ),
    Check(
        "cors-every-origin-is-refused",
        LISTED,
        "service/settings.py",
        'if "*" in value:',
        "if False:",
        "tests/test_settings.py::test_cors_for_every_origin_is_refused",
    ),
)
