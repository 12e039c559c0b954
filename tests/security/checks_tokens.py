"""Checks, server side: what a service token may do to others, and how long it lasts."""

from tests.security.check import Check

OPERATIONS = "service/access/operations.py"
SIGN_IN = "service/access/sign_in.py"
T_TOKENS = "tests/access/test_access_tokens.py::"
NO_MORE = "nobody makes or revokes a token with more rights than their own"
WITH_THE_RIGHT = "a token that a person made ends with their right"

CHECKS = (
    Check(
        "stronger-token-nor-revoked",
        NO_MORE,
        OPERATIONS,
        "    if not caller.scopes.issuperset(token.scopes):\n        return False\n",
        "",
        T_TOKENS + "test_a_stronger_token_is_neither_seen_nor_revoked",
    ),
    Check(
        "no-scope-that-the-maker-lacks",
        NO_MORE,
        OPERATIONS,
        "    if lacking := new.scopes - maker.scopes:",
        "    if lacking := new.scopes - new.scopes:",
        T_TOKENS + "test_no_scope_is_given_that_the_maker_lacks",
    ),
    Check(
        "tokens-end-with-the-right",
        WITH_THE_RIGHT,
        SIGN_IN,
        "            await _end_rights(database, instance.id, person.account_id, now)\n",
        "            pass\n",
        T_TOKENS + "test_the_tokens_of_a_person_end_with_their_right[sqlite]",
    ),
    Check(
        "tokens-of-a-person-end",
        WITH_THE_RIGHT,
        OPERATIONS,
        "new.instance_ids, now, expires_at, maker.maker\n",
        'new.instance_ids, now, expires_at, maker.maker if maker.kind == "person" else None\n',
        T_TOKENS + "test_the_tokens_of_a_person_end_with_their_right[sqlite]",
    ),
)
