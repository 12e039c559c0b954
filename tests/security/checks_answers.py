"""Checks of the one way out: what this node takes of an answer, and what it tells of a refusal."""

from tests.security.check import Check

EGRESS = "service/egress/client.py"
POLICY = "service/egress/policy.py"
ANSWERS = "service/egress/answers.py"
T_CALLS = "tests/egress/test_egress.py::"
T_LIMITS = "tests/egress/test_egress_limits.py::"
T_ANSWERS = "tests/egress/test_egress_answers.py::"
SIZE = "size cap on decoded bytes"
JSON_ONLY = "JSON only with a nesting cap"
NOTHING_TOLD = "the caller never gets the body or the connect error of a refused target"

CHECKS = (
    Check(
        "five-seconds-in-all",
        "5 s in all",
        POLICY,
        "timeout_seconds: float = 5.0",
        "timeout_seconds: float = 50.0",
        T_LIMITS + "test_unless_the_operator_says_more[five seconds in all]",
    ),
    Check(
        "deadline-spans-the-whole-call",
        "5 s in all",
        EGRESS,
        "async with asyncio.timeout(self._policy.timeout_seconds):",
        "async with asyncio.timeout(None):",
        T_LIMITS + "test_the_deadline_spans[the whole call]",
    ),
    Check(
        "deadline-spans-the-body",
        "5 s in all",
        EGRESS,
        """                try:
                    return await _read(response, limit)
                finally:
                    await response.aclose()
""",
        """            try:
                return await _read(response, limit)
            finally:
                await response.aclose()
""",
        T_LIMITS + "test_the_deadline_spans[the body]",
    ),
    Check(
        "64-kb",
        "egress 5 s and 64 KB for metadata",
        POLICY,
        "max_bytes: int = 65_536",
        "max_bytes: int = 655_360",
        T_LIMITS + "test_unless_the_operator_says_more[64 kb]",
    ),
    Check(
        "too-large",
        SIZE,
        EGRESS,
        "if len(body) > limit:",
        "if False:",
        T_CALLS + "test_what_is_no_answer_has_a_name[asyncio-too-large]",
    ),
    Check(
        "gzip",
        SIZE,
        EGRESS,
        'if response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:',
        "if False:",
        T_CALLS + "test_what_is_no_answer_has_a_name[asyncio-gzip]",
    ),
    Check(
        "other-media-types-not-read",
        JSON_ONLY,
        ANSWERS,
        "if not _JSON_TYPE.fullmatch(media_type) or _depth(text) > MAX_DEPTH:",
        "if _depth(text) > MAX_DEPTH:",
        T_ANSWERS + "test_other_media_types_are_not_read[text/html]",
    ),
    Check(
        "nesting",
        JSON_ONLY,
        ANSWERS,
        "if not _JSON_TYPE.fullmatch(media_type) or _depth(text) > MAX_DEPTH:",
        "if not _JSON_TYPE.fullmatch(media_type):",
        T_LIMITS + "test_json_only_with_a_nesting_cap",
    ),
    Check(
        "never-the-connect-error-of-a-refused-target",
        NOTHING_TOLD,
        EGRESS,
        "raise EgressFailure(_reason(error)) from None",
        "raise EgressFailure(_reason(error)) from error",
        T_LIMITS + "test_never_the_connect_error_of_a_refused_target",
    ),
    Check(
        "refused-target-tells-a-stranger-nothing",
        NOTHING_TOLD,
        "service/authorization/clients/documents.py",
        "        if failure.reason in MAY_PASS:",
        "        if failure.reason == Reason.BLOCKED_ADDRESS:\n"
        '            raise InvalidClient("It may not be called.") from None\n'
        "        if failure.reason in MAY_PASS:",
        "tests/authorization/test_checks_alone.py::test_a_refused_target_tells_a_stranger_nothing",
    ),
)
