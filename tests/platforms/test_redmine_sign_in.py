"""Who is an admin at a Redmine, told from what a real one answered."""

from collections.abc import Mapping

import httpx
import pytest

from service.egress.client import Egress, EgressFailure, EgressPolicy, Reason
from service.platforms.interface import Credential, Fingerprint, Person, SignInFailure, SignInReason
from service.platforms.redmine.adapter import PLATFORM
from tests.platforms.recorded_redmine import (
    ADMIN,
    ADMIN_KEY,
    LOOK,
    NORMA,
    NORMA_KEY,
    SECRETS,
    URL,
    WHO_AM_I,
    RecordedRedmine,
    answer,
    recorded,
)

REST_OFF = {WHO_AM_I: "restoff_users_current_key", "/login": "fp_login"}

KEY_AS_LOGIN = Credential("password", {"login": "b" * 40, "password": "anything"})

pytestmark = pytest.mark.anyio


async def refusal(redmine: RecordedRedmine, credential: Credential, url: str = URL) -> SignInFailure:
    """Return why nobody is signed in."""
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(redmine.egress, url, credential)
    return caught.value


@pytest.mark.parametrize(
    ("credential", "answered", "is_admin"),
    [
        pytest.param(ADMIN, "basic_ok", True, id="admin by password"),
        pytest.param(ADMIN_KEY, "admin_users_current", True, id="admin by api key"),
        pytest.param(NORMA_KEY, "norm_users_current", False, id="member by api key"),
        pytest.param(NORMA_KEY, "mustchange_key", False, id="member by api key, password change due"),
        pytest.param(NORMA_KEY, "two_factor_key", False, id="member by api key, two-factor on"),
    ],
)
async def test_a_person_is_an_admin_exactly_if_redmine_says_so(
    credential: Credential, answered: str, *, is_admin: bool
) -> None:
    redmine = RecordedRedmine({WHO_AM_I: answered})
    person = await PLATFORM.sign_in(redmine.egress, URL, credential)
    assert person.is_admin is is_admin
    assert (person.missing is None) is is_admin
    assert redmine.credentials_shown == 1


async def test_a_person_is_named_as_redmine_names_them() -> None:
    redmine = RecordedRedmine({WHO_AM_I: "norm_users_current"})
    assert await PLATFORM.sign_in(redmine.egress, f"{URL}/", NORMA) == Person(
        account_id="5",
        login="norma",
        display_name="Norma User",
        is_admin=False,
        missing="The Redmine account norma is not an administrator. "
        "An administrator of Redmine can change that: Administration → Users → the account → Administrator.",
    )


@pytest.mark.parametrize(
    ("credential", "answered", "reason", "way_out"),
    [
        pytest.param(
            ADMIN, "basic_wrong", "wrong_credentials", "or the account is locked", id="wrong password"
        ),
        pytest.param(ADMIN_KEY, "wrong_users_current", "wrong_credentials", "My account", id="wrong api key"),
        pytest.param(
            NORMA_KEY, "locked_user_key", "wrong_credentials", "account is locked", id="locked user"
        ),
        pytest.param(
            NORMA, "two_factor_basic", "wrong_credentials", "Use the account's API key", id="two-factor"
        ),
        pytest.param(NORMA, "mustchange_basic", "password_change_due", "change it", id="password change due"),
        pytest.param(
            KEY_AS_LOGIN, "basic_apikey_as_user", "unexpected_answer", "choose API key", id="key as login"
        ),
        pytest.param(
            ADMIN, "norm_users_current", "unexpected_answer", "another account", id="another's login"
        ),
        pytest.param(
            ADMIN, "fp_admin_info_key", "unexpected_answer", "Check the URL", id="redirect to a sign-in"
        ),
        pytest.param(ADMIN, "fp_login", "unexpected_answer", "single sign-on", id="200 with a page"),
        pytest.param(ADMIN_KEY, "norm_projects", "unexpected_answer", "no account", id="200 with other data"),
    ],
)
async def test_whoever_is_not_signed_in_reads_what_to_do(
    credential: Credential, answered: str, reason: str, way_out: str
) -> None:
    redmine = RecordedRedmine({WHO_AM_I: answered})
    failure = await refusal(redmine, credential)
    assert failure.reason == reason
    assert way_out in failure.detail
    assert redmine.credentials_shown == 1, "a refused credential is never tried again"


@pytest.mark.parametrize("credential", [ADMIN, ADMIN_KEY], ids=["password", "api key"])
async def test_a_switched_off_rest_api_is_named_before_any_credential_is_shown(
    credential: Credential,
) -> None:
    redmine = RecordedRedmine({WHO_AM_I: "restoff_users_current_key"}, REST_OFF)
    failure = await refusal(redmine, credential)
    assert failure.reason is SignInReason.API_SWITCHED_OFF
    assert "Administration → Settings → API → Enable REST web service" in failure.detail
    assert redmine.credentials_shown == 0


@pytest.mark.parametrize(
    "anonymous",
    [
        pytest.param({}, id="nothing there"),
        pytest.param({WHO_AM_I: "admin_users_current"}, id="a proxy signs everybody in"),
        pytest.param({WHO_AM_I: "fp_admin_info_key"}, id="a single sign-on redirects"),
        pytest.param({WHO_AM_I: "fp_login"}, id="a single sign-on shows its page"),
        pytest.param({WHO_AM_I: "two_factor_basic"}, id="401 without a challenge"),
        pytest.param(
            {WHO_AM_I: answer(401, "", {"www-authenticate": 'Basic realm="OpenProject API"'})},
            id="a relative",
        ),
        pytest.param({WHO_AM_I: "restoff_users_current_key"}, id="forbidden, and no login page"),
        pytest.param(
            {WHO_AM_I: "restoff_users_current_key", "/login": answer(200, "<title>Jira</title>")},
            id="forbidden, and another login page",
        ),
    ],
)
async def test_a_credential_is_shown_to_a_redmine_only(anonymous: Mapping[str, str | httpx.Response]) -> None:
    redmine = RecordedRedmine({WHO_AM_I: "admin_users_current"}, anonymous)
    failure = await refusal(redmine, ADMIN)
    assert failure.reason is SignInReason.UNEXPECTED_ANSWER
    assert redmine.credentials_shown == 0
    assert await PLATFORM.fingerprint(redmine.egress, URL) is None


@pytest.mark.parametrize(
    "credential",
    [
        pytest.param(Credential("password", {"login": "admin", "password": ""}), id="no password"),
        pytest.param(Credential("password", {"login": " ", "password": "x"}), id="no login"),
        pytest.param(Credential("password", {}), id="no fields"),
        pytest.param(Credential("password", {"login": "a:b", "password": "x"}), id="colon in the login"),
        pytest.param(Credential("password", {"login": "admin", "password": "\ud800"}), id="half a character"),
        pytest.param(
            Credential("api_key", {"api_key": "a\r\nX-Redmine-Switch-User: b"}), id="a second header"
        ),
        pytest.param(Credential("api_key", {"api_key": "schlüssel"}), id="key beyond ascii"),
        pytest.param(Credential("oauth", {"token": "x"}), id="unknown method"),
    ],
)
async def test_what_redmine_could_never_accept_is_not_sent(credential: Credential) -> None:
    redmine = RecordedRedmine({WHO_AM_I: "admin_users_current"})
    failure = await refusal(redmine, credential)
    assert failure.reason is SignInReason.WRONG_CREDENTIALS
    assert not redmine.requests


@pytest.mark.parametrize(
    ("headers", "seconds"), [({}, None), ({"Retry-After": "7"}, 7), ({"Retry-After": "x"}, None)]
)
async def test_a_redmine_that_was_asked_too_often_says_when_to_come_back(
    headers: dict[str, str], seconds: int | None
) -> None:
    redmine = RecordedRedmine({WHO_AM_I: answer(429, "slow down", headers)})
    failure = await refusal(redmine, ADMIN)
    assert (failure.reason, failure.retry_after) == (SignInReason.RATE_LIMITED, seconds)
    assert "Try again in" in failure.detail


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_redmine_in_trouble_is_named_as_such(status: int) -> None:
    redmine = RecordedRedmine({WHO_AM_I: answer(status, "oops")})
    failure = await refusal(redmine, ADMIN)
    assert failure.reason is SignInReason.UNREACHABLE
    assert str(status) in failure.detail
    assert "Try again" in failure.detail


class BrokenEgress(Egress):
    """Each call fails for this reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(EgressPolicy(), transport=httpx.MockTransport(lambda _: answer(200, "")))
        self.reason = reason

    async def request(self, *_: object, **__: object) -> object:  # type: ignore[override]
        raise EgressFailure(self.reason)


@pytest.mark.parametrize("reason", list(Reason), ids=str)
async def test_each_way_of_not_reaching_it_has_its_sentence(reason: Reason) -> None:
    with pytest.raises(SignInFailure) as caught:
        await PLATFORM.sign_in(BrokenEgress(reason), URL, ADMIN)
    is_other_answer = reason in {Reason.TOO_LARGE, Reason.NOT_JSON}
    assert caught.value.reason == ("unexpected_answer" if is_other_answer else "unreachable")
    assert "Redmine" in caught.value.detail
    assert caught.value.detail.endswith(".")


@pytest.mark.parametrize(
    "answered", ["admin_users_current", "basic_wrong", "norm_projects", "mustchange_basic"]
)
async def test_no_secret_is_shown_logged_or_kept(answered: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    said = ""
    for credential in (ADMIN, ADMIN_KEY):
        try:
            redmine = RecordedRedmine({WHO_AM_I: answered})
            said += repr(await PLATFORM.sign_in(redmine.egress, URL, credential))
        except SignInFailure as failure:
            said += f"{failure!r}{failure.detail}{failure.__cause__!r}"
        said += repr(credential) + caplog.text
    assert not [secret for secret in SECRETS if secret in said]


@pytest.mark.parametrize(
    "anonymous",
    [
        pytest.param(LOOK, id="rest on"),
        pytest.param(REST_OFF, id="rest off"),
        pytest.param(
            {WHO_AM_I: "loginreq_users_current_anon", "/login": "loginreq_login_page"}, id="login required"
        ),
    ],
)
async def test_a_redmine_is_recognised_without_an_account(anonymous: Mapping[str, str]) -> None:
    redmine = RecordedRedmine({}, anonymous)
    found = await PLATFORM.fingerprint(redmine.egress, f"{URL}/")
    assert found == Fingerprint("redmine", URL, version=None, title="Redmine Test")


async def test_a_redmine_without_a_readable_title_is_still_a_redmine() -> None:
    redmine = RecordedRedmine({}, {WHO_AM_I: "fp_users_current_anon"})
    assert await PLATFORM.fingerprint(redmine.egress, URL) == Fingerprint("redmine", URL, None, None)


async def test_a_title_is_one_line_of_plain_text() -> None:
    page = answer(200, "<title>\n R&amp;D \n  tracker </title>")
    redmine = RecordedRedmine({}, {WHO_AM_I: "fp_users_current_anon", "/login": page})
    found = await PLATFORM.fingerprint(redmine.egress, URL)
    assert found is not None
    assert found.title == "R&D tracker"


@pytest.mark.parametrize("reason", list(Reason), ids=str)
async def test_a_fingerprint_that_gets_no_answer_says_why(reason: Reason) -> None:
    if reason in {Reason.TOO_LARGE, Reason.NOT_JSON}:
        assert await PLATFORM.fingerprint(BrokenEgress(reason), URL) is None
        return
    with pytest.raises(EgressFailure) as caught:
        await PLATFORM.fingerprint(BrokenEgress(reason), URL)
    assert caught.value.reason is reason


async def test_a_wrong_key_reads_nothing_where_redmine_would_show_public_data() -> None:
    """Redmine answers 200 to a wrong key on public resources: only the who-am-I tells."""
    redmine = RecordedRedmine({WHO_AM_I: "wrong_users_current", "/projects.json": "wrong_projects"})
    assert recorded("wrong_projects").status_code == 200
    with pytest.raises(SignInFailure):
        await PLATFORM.projects(redmine.egress, URL, ADMIN_KEY)
    assert redmine.credentials_shown == 1
