"""Whatever a server answers, nobody becomes an admin but by the very fact that Redmine states."""

import json
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.platforms.interface import Person, SignInFailure, SignInReason
from service.platforms.redmine.adapter import PLATFORM
from tests.platforms.recorded_redmine import ADMIN_KEY, URL, WHO_AM_I, RecordedRedmine, answer

SOUND = {"id": 1, "login": "admin", "admin": True}

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 2)
    | st.sampled_from(["", "admin", "true", "1"])
    | st.floats(0, 2),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "admin"]), inner, max_size=2)
    ),
    max_leaves=4,
)
USERS = st.fixed_dictionaries(
    {}, optional={"id": VALUES, "login": VALUES, "admin": VALUES, "firstname": VALUES}
)


async def sign_in(status: int, body: Any, content_type: str = "application/json") -> Person | SignInFailure:
    """Return what comes of a who-am-I that answers so."""
    redmine = RecordedRedmine({WHO_AM_I: answer(status, body, {"content-type": content_type})})
    try:
        return await PLATFORM.sign_in(redmine.egress, URL, ADMIN_KEY)
    except SignInFailure as failure:
        return failure


@given(user=USERS)
def test_an_admin_has_a_number_a_login_and_the_flag(user: dict[str, Any]) -> None:
    outcome = anyio.run(sign_in, 200, {"user": user})
    is_sound = type(user.get("id")) is int and user["id"] > 0 and user.get("admin") is True
    is_named = isinstance(user.get("login"), str) and bool(user["login"])
    assert (isinstance(outcome, Person) and outcome.is_admin) == (is_sound and is_named)


@given(body=VALUES, status=st.sampled_from([200, 201, 203, 204, 206, 301, 302, 304, 400, 404, 406, 418]))
def test_no_other_body_and_no_other_status_signs_anybody_in(body: Any, status: int) -> None:
    assert isinstance(anyio.run(sign_in, status, body), SignInFailure)


@pytest.mark.anyio
@pytest.mark.parametrize("status", [201, 202, 203, 206, 301, 302, 303, 307, 308, 400, 404, 410])
async def test_the_right_body_under_another_status_is_no_sign_in(status: int) -> None:
    assert isinstance(await sign_in(status, {"user": SOUND}), SignInFailure)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "content_type", ["text/html", "text/plain", "application/xml", "application/jsonp", ""]
)
async def test_the_right_body_under_another_type_is_no_sign_in(content_type: str) -> None:
    outcome = await sign_in(200, json.dumps({"user": SOUND}), content_type)
    assert isinstance(outcome, SignInFailure)
    assert outcome.reason is SignInReason.UNEXPECTED_ANSWER


@pytest.mark.anyio
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"id": None}, id="null id"),
        pytest.param({"id": "1"}, id="id is text"),
        pytest.param({"id": 0}, id="id zero"),
        pytest.param({"id": True}, id="id is true"),
        pytest.param({"login": None}, id="null login"),
        pytest.param({"login": "  "}, id="blank login"),
        pytest.param({"login": 1}, id="login is a number"),
    ],
)
async def test_an_account_without_an_identity_is_none(changes: dict[str, Any]) -> None:
    assert isinstance(await sign_in(200, {"user": {**SOUND, **changes}}), SignInFailure)


@pytest.mark.anyio
@pytest.mark.parametrize("flag", [None, 1, "true", "1", [True], {"admin": True}, 0, ""], ids=repr)
async def test_an_admin_flag_that_is_not_true_is_no(flag: Any) -> None:
    outcome = await sign_in(200, {"user": {**SOUND, "admin": flag}})
    assert isinstance(outcome, Person)
    assert not outcome.is_admin
    assert outcome.missing


@pytest.mark.anyio
async def test_a_missing_admin_flag_is_no() -> None:
    outcome = await sign_in(200, {"user": {"id": 1, "login": "admin"}})
    assert isinstance(outcome, Person)
    assert not outcome.is_admin
