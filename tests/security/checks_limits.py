"""Checks of how often something may be done: guesses, and floods by source, caller, client and called host."""

from tests.security.check import Check

TRIES = "service/access/wrong_sign_ins.py"
GUESSES = "service/access/guesses.py"
LOOKS = "service/discovery/looks.py"
DOCUMENTS = "service/authorization/clients/documents.py"
T_SIGN_IN = "tests/access/test_wrong_sign_ins.py::"
T_GUESSES = "tests/access/test_guesses.py::"
T_RATE = "tests/http/test_rate_limits.py::"
T_CLIENTS = "tests/authorization/test_checks_clients.py::"
GUESSING = "guesses counted in the database"
ONCE = "a wrong tracker password is never tried twice by us"
RATE = "rate limits per source and target host"
STRANGERS = "test_strangers_everywhere_do_not_lock_out_an_admin_who_was_here_before[sqlite]"
PER_SOURCE_AND_HOST = "test_rate_limits_per_source_and_target_host"

OF_GUESSES = (
    Check(
        "five-wrong-passwords",
        GUESSING,
        TRIES,
        "            yield WRONG_SIGN_INS_BY_SOURCE_AND_ACCOUNT, self.pair\n",
        "",
        T_SIGN_IN + "test_after_five_wrong_passwords_the_right_one_has_to_wait_too[sqlite]",
    ),
    Check(
        "twenty-guesses-at-once",
        GUESSING,
        "service/access/sign_in.py",
        "    await count_try(node, tried)\n",
        "",
        T_SIGN_IN + "test_of_twenty_guesses_at_once_five_reach_the_platform[sqlite]",
    ),
    Check(
        "hundred-at-once",
        GUESSING,
        GUESSES,
        '"count": case((over, 1), else_=_C.count + 1),',
        '"count": 1,',
        T_GUESSES + "test_a_hundred_at_once_are_counted_one_by_one[sqlite]",
    ),
    Check(
        "every-window-ends",
        "a stranger locks out no admin for ever",
        GUESSES,
        '_C.ends_at <= bindparam("now", type_=_C.ends_at.type),',
        "_C.ends_at <= datetime(2000, 1, 1).astimezone(),",
        T_GUESSES + "test_every_window_ends_also_for_who_goes_on_guessing[sqlite]",
    ),
    Check(
        "strangers-everywhere",
        "a higher cap per account",
        TRIES,
        "            yield WRONG_SIGN_INS_BY_ACCOUNT, json.dumps([self.instance_id, self.account])\n",
        "",
        T_SIGN_IN + STRANGERS,
    ),
    Check(
        "strangers-do-not-lock-out-an-admin",
        "a stranger locks out no admin for ever",
        TRIES,
        "if limit is WRONG_SIGN_INS_BY_ACCOUNT and await is_known(session, KNOWN_SOURCE, tried.pair, now):",
        "if False:",
        T_SIGN_IN + STRANGERS,
    ),
    Check(
        "one-network-cannot-try-every-account",
        GUESSING,
        TRIES,
        "        yield WRONG_SIGN_INS_BY_SOURCE, self.source\n",
        "        yield WRONG_SIGN_INS_BY_SOURCE, self.pair\n",
        T_SIGN_IN + "test_one_network_cannot_try_every_account[sqlite]",
    ),
    Check(
        "twenty-wrong-codes",
        GUESSING,
        "service/invitations/inviter/secret_holders.py",
        "            await require_guesses_left(session, WRONG_CODES_BY_SOURCE, source, now)\n",
        "            pass\n",
        "tests/invitations/test_wrong_codes.py"
        "::test_twenty_wrong_codes_from_one_network_and_the_next_one_has_to_wait[sqlite]",
    ),
    Check(
        "request-not-sent-again",
        ONCE,
        "service/egress/client.py",
        "        raise BrokenOff from error\n",
        "        raise\n",
        "tests/egress/test_egress_once.py"
        "::test_a_request_whose_connection_breaks_before_the_answer_is_not_sent_again",
    ),
)
OF_FLOODS = (
    Check(
        "ipv6-customer-is-one-source",
        RATE,
        "service/limits/table.py",
        "IPV6_PREFIX = 64",
        "IPV6_PREFIX = 128",
        T_RATE + "test_the_whole_network_of_an_ipv6_customer_is_one_source",
    ),
    Check(
        "each-limited-operation-refuses",
        RATE,
        "service/http/rate_limits.py",
        "                node.counts.spend(node.clock.now(), (operation.limit, source))\n",
        "                pass\n",
        T_RATE + "test_each_limited_operation_refuses_in_its_voice_and_says_when_again",
    ),
    Check(
        "one-caller-has-one-share",
        RATE,
        LOOKS,
        "(PROBES_BY_CALLER, caller), ",
        "",
        T_RATE + "test_one_caller_has_one_share_wherever_it_asks_from",
    ),
    Check(
        "host-is-looked-at",
        RATE,
        LOOKS,
        ", (PROBES_BY_HOST, host))",
        ")",
        T_RATE + "test_a_host_is_looked_at_so_often_whoever_asks",
    ),
    Check(
        "one-client-that-asks-too-much",
        RATE,
        "service/authorization/requests/pushing.py",
        "    spend(node, asking.now, (PUSHES_BY_CLIENT, client.client_id))\n",
        "",
        T_CLIENTS + "test_one_client_that_asks_too_much_keeps_nobody_else_out",
    ),
    Check(
        "rate-limits-per-source",
        RATE,
        DOCUMENTS,
        "(FETCHES_BY_SOURCE, asking.source), ",
        "",
        T_CLIENTS + PER_SOURCE_AND_HOST,
    ),
    Check(
        "rate-limits-per-target-host",
        RATE,
        DOCUMENTS,
        ", (FETCHES_BY_HOST, host))",
        ")",
        T_CLIENTS + PER_SOURCE_AND_HOST,
    ),
    Check(
        "one-share-of-tokens",
        RATE,
        "service/authorization/tokens/exchange.py",
        "    spend(node, asking.now, (TOKENS_BY_CLIENT, client_id))\n",
        "",
        T_RATE + "test_a_client_has_one_share_of_tokens_wherever_it_asks_from",
    ),
    Check(
        "no-more-codes-than-its-share",
        RATE,
        "service/authorization/tokens/exchange.py",
        "    spend(node, asking.now, (TOKENS_BY_CLIENT, found.client_id))\n",
        "",
        T_RATE + "test_a_client_redeems_no_more_codes_than_its_share",
    ),
    *(
        Check(
            f"counted-by-source-{kind}",
            RATE,
            "service/limits/table.py",
            f"    LimitedOperation({operation}),\n",
            "",
            f"tests/http/test_limited_operations.py::test_each_is_counted_by_source[{kind}]",
        )
        for kind, operation in (
            ("probes", '"POST", "/v1/destination-probes", PROBES_BY_SOURCE'),
            ("checks", '"POST", "/v1/instances/{instance_id}/checks", CHECKS_BY_SOURCE'),
            ("signing-in", '"POST", "/i/{slug}/sign-in", SIGN_INS_BY_SOURCE, Voice.PAGE'),
            ("pages", '"GET", _START, PAGES_BY_SOURCE'),
            ("pushes", '"POST", "/i/{slug}/oauth/par", PUSHES_BY_SOURCE, Voice.PROTOCOL'),
            ("tokens", '"POST", "/i/{slug}/oauth/token", TOKENS_BY_SOURCE, Voice.PROTOCOL'),
            ("peers", '"GET", _PEER, PEERS_BY_SOURCE, Voice.PROTOCOL'),
        )
    ),
)
CHECKS = (*OF_GUESSES, *OF_FLOODS)
