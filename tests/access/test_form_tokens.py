"""A form counts only for the person, the act and the subject that its page was made for."""

import pytest
from starlette.requests import Request

from service.access.form_tokens import check_same_origin, form_token, is_form_token
from service.problems.tree import Unauthenticated
from service.settings import Settings
from service.trust.sealing import new_key
from service.trust.tokens import Hasher

HASHER = Hasher(b"k" * 32)
SETTINGS = Settings.model_validate({"public_url": "https://parley.example", "sealing_keys": new_key()})


def _post(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw})


def test_a_form_token_is_for_one_person_act_and_subject() -> None:
    given = form_token(HASHER, "ses_1", "consent", "aut_1")
    assert is_form_token(HASHER, given, "ses_1", "consent", "aut_1")
    assert not is_form_token(HASHER, given, "ses_2", "consent", "aut_1")
    assert not is_form_token(HASHER, given, "ses_1", "start", "aut_1")
    assert not is_form_token(HASHER, given, "ses_1", "consent", "aut_2")
    assert not is_form_token(HASHER, given, "ses_1c", "onsent", "aut_1")
    assert not is_form_token(Hasher(b"o" * 32), given, "ses_1", "consent", "aut_1")
    assert not is_form_token(HASHER, "", "ses_1", "consent", "aut_1")
    assert not is_form_token(HASHER, "\ud800é", "ses_1", "consent", "aut_1")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://parley.example"},
        {"origin": "https://parley.example", "sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "same-origin"},
    ],
)
def test_our_own_pages_may_send_forms(headers: dict[str, str]) -> None:
    check_same_origin(_post(**headers), SETTINGS)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": "http://parley.example"},
        {"origin": "https://parley.example:8443"},
        {"origin": "https://parley.example.evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "null", "sec_fetch_site": "same-origin"},
    ],
)
def test_pages_of_others_may_not(headers: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        check_same_origin(_post(**headers), SETTINGS)


def test_a_link_from_anywhere_opens_a_page() -> None:
    check_same_origin(Request({"type": "http", "method": "GET", "headers": []}), SETTINGS)
