"""Every table: who can fill it, how far, and what empties it again. docs/limits.md shows it."""

from dataclasses import dataclass

NOBODY_UNKNOWN = "nobody unknown"


@dataclass(frozen=True, slots=True)
class Bound:
    """What keeps one table small. `caps` and `sweeper` are names in the code, `tests` are those that prove it.

    A table that only people and programs with rights of their own can fill has neither.
    """

    filled_by: str
    cap: str
    emptied: str
    caps: tuple[str, ...] = ()
    sweeper: str = ""
    tests: tuple[str, ...] = ()

    @property
    def is_open_to_strangers(self) -> bool:
        """True where who proved nothing, or only a key of their own, can add a row."""
        return not self.filled_by.startswith(NOBODY_UNKNOWN)


BOUNDS = {
    "answered_request": Bound(
        f"{NOBODY_UNKNOWN}: an admin or a token that sends an `Idempotency-Key` with a POST that succeeds",
        "no cap",
        "after a day",
        sweeper="service.retries.once:forget_answers",
        tests=("tests/retries/test_keys.py::test_a_key_is_free_again_after_a_day",),
    ),
    "authorization_request": Bound(
        "any client that proves a key",
        "300 of one host and 3,000 in all wait at an instance; clients that were agreed with are above the latter",
        "an hour after the end of what led to no connection",
        (
            "service.authorization.requests.places:MOST_OF_A_HOST",
            "service.authorization.requests.places:MOST_OF_ALL",
        ),
        "service.authorization.sweeping:sweep",
        (
            "tests/authorization/test_places.py::test_a_host_has_its_share_of_places_and_no_more",
            "tests/authorization/test_timers.py::test_a_sweep_leaves_what_somebody_may_still_ask_for",
        ),
    ),
    "cached_document": Bound(
        "any client that proves a key",
        "5,000, each of 5 KB; the oldest go first",
        "after an hour",
        ("service.authorization.clients.documents:MOST_DOCUMENTS",),
        "service.authorization.sweeping:sweep",
        ("tests/authorization/test_places.py::test_a_cache_of_documents_keeps_the_newest",),
    ),
    "channel": Bound(
        f"{NOBODY_UNKNOWN}: both sides of an active connection", "one row", "with its connection"
    ),
    "connection": Bound(
        f"{NOBODY_UNKNOWN}: an admin or a token of the instance, or an admin who accepts",
        "probes and pages are limited; no cap",
        "with its instance",
    ),
    "event": Bound(
        "refusals: whoever has the address of an attempt; all else: who changes a connection",
        "of one kind of refusal 10 in an hour and 50 in a day for a connection",
        "refusals after 90 days; all else with the connection",
        ("service.events.operations:MOST_REFUSALS",),
        "service.events.operations:forget_refusals",
        ("tests/events/test_refusals_forgotten.py::test_refusals_are_few_and_go_while_changes_stay",),
    ),
    "guess_count": Bound(
        "anybody who signs in wrongly",
        "100,000; those that end first go first",
        "with its window, within the hour; the network of a right sign-in after 30 days",
        ("service.access.guesses:MOST_ROWS",),
        "service.access.guesses:forget_over",
        ("tests/access/test_guesses.py::test_windows_that_are_over_go_and_so_do_too_many",),
    ),
    "incoming_message": Bound(
        f"{NOBODY_UNKNOWN}: the other side of an active connection",
        "10,000 or 200 MB for a connection; then the other side keeps them",
        "when it is taken, or 30 days after its connection has ended",
        ("service.channel.outbox:MOST_WAITING",),
        "service.channel.inbox:forget_untaken",
        ("tests/channel/test_messages.py::test_nobody_sends_more_than_waits_here_or_is_taken_there",),
    ),
    "instance": Bound(f"{NOBODY_UNKNOWN}: a token for the whole node", "no cap", "when it is deleted"),
    "instance_key": Bound(f"{NOBODY_UNKNOWN}: made with an instance", "one key", "with its instance"),
    "invitation": Bound(
        f"{NOBODY_UNKNOWN}: an admin or a token of the instance; a claim changes a row and adds none",
        "one open invitation for a connection; probes are limited",
        "with its connection",
    ),
    "job": Bound(
        "any client that proves a key: one for each request that waits",
        "as many as requests; a request that replaces another takes its job's place",
        "an hour after it is done where any client can cause it, else after 7 days",
        ("service.authorization.requests.places:MOST_OF_ALL",),
        "service.authorization.sweeping:sweep",
        ("tests/authorization/test_places.py::test_a_client_that_pushes_again_and_again_leaves_no_jobs",),
    ),
    "node_secret": Bound(f"{NOBODY_UNKNOWN}: the node itself, when it first starts", "one row", "never"),
    "outgoing_message": Bound(
        f"{NOBODY_UNKNOWN}: a token with `messages:write`",
        "10,000 or 200 MB for a connection",
        "when the other side has it, or its connection ends",
    ),
    "seen_token": Bound(
        "any client that proves a key",
        "about 200,000; then the protocol's operations answer 503 until there is room",
        "a minute after the token has expired",
        ("service.protocol.replay:MOST_SEEN",),
        "service.protocol.replay:forget_expired",
        (
            "tests/authorization/test_places.py::test_used_tokens_are_not_taken_in_without_end",
            "tests/authorization/test_timers.py::test_a_sweep_leaves_what_somebody_may_still_ask_for",
        ),
    ),
    "service_token": Bound(f"{NOBODY_UNKNOWN}: a token with `tokens:write`", "no cap", "with its instances"),
    "sign_in_session": Bound(
        "anybody with an account of the instance, admin or not",
        "20 of one account at an instance; the oldest go first",
        "after 30 minutes",
        ("service.access.sign_in:MOST_PER_ACCOUNT",),
        "service.access.sign_in:forget_expired",
        ("tests/access/test_sessions.py::test_who_signs_in_again_and_again_has_twenty_sessions",),
    ),
    "verification_session": Bound(
        f"{NOBODY_UNKNOWN}: an admin or a token of the instance",
        "one open attempt for a connection; 60 in a minute by one caller",
        "30 days after its beginning, but for the last one of a connection",
        ("service.limits.table:PROBES_BY_CALLER",),
        "service.verification.attempts:forget_ended",
        ("tests/verification/test_forgetting.py::test_old_attempts_go_but_for_the_one_that_is_shown",),
    ),
}
