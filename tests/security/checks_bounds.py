"""Checks of how much there may be of something, how large it may be and how long it may take."""

from tests.security.check import Check

PLACES = "service/authorization/requests/places.py"
SWEEPING = "service/authorization/sweeping.py"
BODY = "service/http/body_limit.py"
BUSY = "service/http/busy_limit.py"
SERVER = "service/http/server.py"
T_PLACES = "tests/authorization/test_places.py::"
T_SWEEP = "tests/authorization/test_timers.py::test_a_sweep_leaves_what_somebody_may_still_ask_for"
T_GUESSES = "tests/access/test_guesses.py::test_windows_that_are_over_go_and_so_do_too_many[sqlite]"
T_PROBLEMS = "tests/problems/test_problems.py::"
T_BUSY = "tests/http/test_busy_limit.py::"
T_SERVER = "tests/http/test_http_server.py::"
FILLED = "every table that strangers can fill has a cap"
SWEPT = "every table that strangers can fill has a sweeper"
BOUNDS = "request size, time and concurrency bounds"

OF_TABLES = (
    Check(
        "host-has-its-share-of-places",
        FILLED,
        PLACES,
        ">= MOST_OF_A_HOST:",
        ">= 10**9:",
        T_PLACES + "test_a_host_has_its_share_of_places_and_no_more",
    ),
    Check(
        "every-place-is-taken",
        FILLED,
        PLACES,
        "< MOST_OF_ALL:",
        "< 10**9:",
        T_PLACES + "test_where_every_place_is_taken_known_clients_still_find_one",
    ),
    Check(
        "used-tokens-without-end",
        FILLED,
        "service/authorization/router.py",
        "    if not await has_room(node, SeenToken, MOST_SEEN):\n",
        "    if False:\n",
        T_PLACES + "test_used_tokens_are_not_taken_in_without_end",
    ),
    Check(
        "refusals-are-few",
        FILLED,
        "service/events/operations.py",
        "            return False\n    return True\n",
        "            return True\n    return True\n",
        "tests/events/test_refusals_forgotten.py::test_refusals_are_few_and_go_while_changes_stay[sqlite]",
    ),
    Check(
        "again-and-again-twenty-sessions",
        FILLED,
        "service/access/sign_in.py",
        "            await _keep_newest(database, session)\n",
        "",
        "tests/access/test_sessions.py::test_who_signs_in_again_and_again_has_twenty_sessions[sqlite]",
    ),
    Check(
        "cache-of-documents-keeps-the-newest",
        FILLED,
        SWEEPING,
        "        await keep_last(session, CachedDocument, col(CachedDocument.fetched_at), MOST_DOCUMENTS)\n",
        "",
        T_PLACES + "test_a_cache_of_documents_keeps_the_newest",
    ),
    Check(
        "windows-too-many",
        FILLED,
        "service/access/guesses.py",
        "    await keep_last(session, GuessCount, col(GuessCount.ends_at), MOST_ROWS)\n",
        "    pass\n",
        T_GUESSES,
    ),
    Check(
        "counts-without-end",
        FILLED,
        "service/limits/counts.py",
        "(len(windows) > MOST_SUBJECTS or next",
        "(next",
        "tests/http/test_rate_limits.py::test_counts_do_not_grow_without_end",
    ),
    Check(
        "windows-that-are-over-go",
        SWEPT,
        "service/access/guesses.py",
        "    await session.exec(delete(GuessCount).where(col(GuessCount.ends_at) <= now))\n",
        "",
        T_GUESSES,
    ),
    Check(
        "leaves-no-jobs",
        SWEPT,
        SWEEPING,
        "    await session.exec(delete(Job).where(*caused_by_strangers))\n",
        "",
        T_PLACES + "test_a_client_that_pushes_again_and_again_leaves_no_jobs",
    ),
    Check(
        "sweep-leaves-what-may-still",
        SWEPT,
        SWEEPING,
        "        await replay.forget_expired(session, now)\n",
        "",
        T_SWEEP,
    ),
    Check(
        "old-attempts-go",
        SWEPT,
        SWEEPING,
        "        await forget_ended(session, now)\n",
        "",
        "tests/verification/test_forgetting.py::test_old_attempts_go_but_for_the_one_that_is_shown[sqlite]",
    ),
    Check(
        "refusals-go",
        SWEPT,
        SWEEPING,
        "        await forget_refusals(session, now)\n",
        "",
        "tests/events/test_refusals_forgotten.py::test_refusals_are_few_and_go_while_changes_stay[sqlite]",
    ),
)
OF_REQUESTS = (
    Check(
        "one-source-has-its-share-of-a-process",
        BOUNDS,
        BUSY,
        "if self.present[source] >= self.most_of_a_source:",
        "if False:",
        T_BUSY + "test_one_source_has_its_share_of_a_process_and_a_process_has_an_end",
    ),
    Check(
        "process-has-an-end",
        BOUNDS,
        BUSY,
        "if self.present.total() >= self.most:",
        "if False:",
        T_BUSY + "test_one_source_has_its_share_of_a_process_and_a_process_has_an_end",
    ),
    Check(
        "too-large-ends-the-connection",
        BOUNDS,
        "service/http/body_limit.py",
        'if is_refused and message["type"]',
        'if False and message["type"]',
        T_BUSY + "test_what_is_too_large_ends_the_connection",
    ),
    Check(
        "head-that-has-no-end",
        BOUNDS,
        SERVER,
        "if self._reads_head and self._head_bytes > self.most_head_bytes and not self.transport.is_closing():",
        "if False:",
        T_SERVER + "test_a_head_that_has_no_end_is_cut_off",
    ),
    Check(
        "large-head-is-refused",
        BOUNDS,
        SERVER,
        "        if size > self.most_head_bytes:\n",
        "        if False:\n",
        T_SERVER + "test_a_large_head_is_refused_in_whatever_pieces_it_comes[many]",
    ),
    Check(
        "who-says-nothing-is-sent-away",
        BOUNDS,
        SERVER,
        "            self._arriving = self.loop.call_later(self.arrival_seconds, self._too_slow)\n",
        "            self._arriving = self.loop.call_later(10**6, self._too_slow)\n",
        T_SERVER + "test_who_says_nothing_or_never_comes_to_an_end_is_sent_away[nothing]",
    ),
    Check(
        "does-not-take-the-answer",
        BOUNDS,
        SERVER,
        "self.loop.call_later(self.reading_seconds, self.transport.abort)",
        "self.loop.call_later(10**6, self.transport.abort)",
        T_SERVER + "test_who_does_not_take_the_answer_is_cut_off",
    ),
    Check(
        "connection-too-many",
        BOUNDS,
        SERVER,
        "        if len(self.connections) > self.most_connections:\n",
        "        if False:\n",
        T_SERVER + "test_a_connection_too_many_is_told_so",
    ),
    Check(
        "body-too-large-before-it-is-read",
        BOUNDS,
        BODY,
        "            if told > max_bytes:\n",
        "            if False:\n",
        T_PROBLEMS + "test_a_body_that_is_too_large_is_refused_before_it_is_read",
    ),
    Check(
        "body-without-a-length",
        BOUNDS,
        BODY,
        "            if received > max_bytes:\n",
        "            if False:\n",
        T_PROBLEMS + "test_a_body_without_a_length_is_not_read_to_its_end_either",
    ),
    Check(
        "body-that-does-not-come",
        BOUNDS,
        BODY,
        "asyncio.timeout_at(deadline if is_coming else None)",
        "asyncio.timeout_at(None)",
        T_BUSY + "test_a_body_that_does_not_come_is_not_waited_for",
    ),
    Check(
        "form-too-large",
        BOUNDS,
        "service/protocol/parameters.py",
        "            if len(body) > most:\n",
        "            if False:\n",
        T_PROBLEMS + "test_a_form_that_is_too_large_is_refused_in_the_words_of_oauth[17000]",
    ),
    Check(
        "second-request-no-more-time",
        BOUNDS,
        SERVER,
        "        self._arriving = None\n        self._reads_head, self._head_bytes = True, 0\n",
        "        self._reads_head, self._head_bytes = True, 0\n",
        T_SERVER + "test_the_second_request_on_a_connection_has_no_more_time[empty lines]",
    ),
)
CHECKS = (*OF_TABLES, *OF_REQUESTS)
