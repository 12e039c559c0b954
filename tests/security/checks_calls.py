"""Checks of how many calls to others go on at once, and what others can hold up by that."""

from tests.security.check import Check

EGRESS = "service/egress/client.py"
SEARCH = "service/discovery/search.py"
LOOKS = "service/discovery/looks.py"
DOCUMENTS = "service/authorization/clients/documents.py"
T_PROBES = "tests/discovery/test_probe_limits.py::"
T_BUSY = "tests/http/test_busy_limit.py::"
T_LOOKUPS = "tests/egress/test_egress_lookups.py::"
BOUNDS = "request size, time and concurrency bounds"
CALLS = "test_strangers_take_no_more_than_their_share_of_calls"

CHECKS = (
    Check(
        "strangers-take-no-more",
        BOUNDS,
        LOOKS,
        'place("looks", MOST_LOOKS)',
        'place("looks", 10**6)',
        T_BUSY + CALLS,
    ),
    Check(
        "strangers-share-of-calls",
        BOUNDS,
        DOCUMENTS,
        'place("client documents", MOST_FETCHES)',
        'place("client documents", 10**6)',
        T_BUSY + CALLS,
    ),
    *(
        Check(
            f"no-more-connections-{name}",
            BOUNDS,
            EGRESS,
            f"            {parameter}={constant},\n",
            f"            {parameter}=0,\n",
            f"tests/egress/test_egress_limits.py::test_no_more_connections_are_open_at_once[{constant}]",
        )
        for name, parameter, constant in (
            ("at-once", "limit", "CONNECTIONS"),
            ("per-host", "limit_per_host", "CONNECTIONS_PER_HOST"),
        )
    ),
    Check(
        "slow-name-looked-up-once",
        BOUNDS,
        "service/egress/host_names.py",
        "        if name not in self._under_way:\n",
        "        if True:\n",
        T_LOOKUPS + "test_a_slow_name_is_looked_up_once_however_many_ask",
    ),
    Check(
        "gave-up-waiting-keeps-the-place",
        BOUNDS,
        "service/egress/host_names.py",
        "        keep_place_until(look_up)\n",
        "",
        T_LOOKUPS + "test_who_gave_up_waiting_for_a_slow_name_keeps_the_place_until_it_is_answered",
    ),
    Check(
        "claimants-take-no-more",
        BOUNDS,
        "service/authorization/registration/statements.py",
        'place("client documents", MOST_FETCHES)',
        'place("client documents", 10**6)',
        "tests/invitations/test_many_claimants.py"
        "::test_claimants_take_no_more_than_the_strangers_share_of_calls",
    ),
    Check(
        "one-link-causes-few-calls",
        BOUNDS,
        SEARCH,
        "        if self._calls_left <= 0:\n",
        "        if False:\n",
        T_PROBES + "test_one_link_causes_few_calls",
    ),
    Check(
        "many-nodes-few-are-asked",
        BOUNDS,
        SEARCH,
        "reversed(pairs[-MAX_NAMED_ISSUERS:])",
        "reversed(pairs)",
        T_PROBES + "test_a_host_may_name_many_nodes_but_few_are_asked",
    ),
    Check(
        "many-instances-few-are-asked",
        BOUNDS,
        SEARCH,
        "search.listed[:MAX_LISTED]",
        "search.listed",
        T_PROBES + "test_of_many_instances_at_one_tracker_few_are_asked",
    ),
)
