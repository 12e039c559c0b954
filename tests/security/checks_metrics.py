"""Checks of who may read what the node counts."""

from tests.security.check import Check

METRICS = "service/api/about/metrics.py"
T_METRICS = "tests/api/test_metrics.py::"
WHO = "operations are not for everybody"

CHECKS = (
    Check(
        "monitoring-shows-its-token",
        WHO,
        METRICS,
        'if scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), wanted.encode()):',
        'if scheme.lower() == "bearer":',
        T_METRICS + "test_monitoring_shows_its_token",
    ),
    Check(
        "only-this-machine-reads",
        WHO,
        METRICS,
        "if not is_here or any(",
        "if any(",
        T_METRICS + "test_without_a_token_only_this_machine_reads",
    ),
    Check(
        "through-a-proxy",
        WHO,
        METRICS,
        "if not is_here or any(name in request.headers for name in FORWARDED):",
        "if not is_here:",
        T_METRICS + "test_who_comes_through_a_proxy_on_this_machine_is_not_on_it[X-Forwarded-For]",
    ),
)
