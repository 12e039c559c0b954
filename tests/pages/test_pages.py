"""What a person reads and can do on each page."""

from dataclasses import replace

import pytest

from service.pages.rendering import render
from service.pages.views import View
from service.words import Mode
from tests.pages.page_text import page_of, parse, request
from tests.pages.sample_views import (
    ACTIVE,
    BOTH_METHODS,
    CODE,
    CONSENT,
    FAILED,
    HAND_OVER,
    HIDDEN,
    HOSTILE_CONSENT,
    IDN_HOST,
    INVITED,
    NOT_ADMIN,
    NOT_ADMIN_HERE,
    PENDING,
    PROBLEM,
    SIGN_IN,
    SIGN_IN_ERROR,
    START,
)


@pytest.mark.parametrize("view", [SIGN_IN, BOTH_METHODS, START, CONSENT, NOT_ADMIN, HAND_OVER, INVITED])
def test_each_form_posts_to_its_action_with_every_hidden_field(view: View) -> None:
    page = page_of(view)
    forms = page.all("form")
    assert {form["action"] for form in forms} == {getattr(view, "action", None)}
    assert {form["method"] for form in forms} == {"post"}
    for name, value in HIDDEN.items():
        inputs = page.all("input", type="hidden", name=name)
        assert [hidden["value"] for hidden in inputs] == [value] * len(forms)


def test_sign_in_says_where_and_why() -> None:
    page = page_of(SIGN_IN)
    assert page.one("h1").text == "Sign in to Support desk"
    assert "https://redmine.support.example" in page.text
    assert SIGN_IN.why in page.text
    assert "own Redmine account" in page.text
    assert not page.all("div", role="alert")


def test_each_sign_in_field_has_a_label_and_tells_a_password_manager_what_it_is() -> None:
    page = page_of(BOTH_METHODS)
    expected = {"login": "username", "password": "current-password", "api_key": "off"}
    for name, autocomplete in expected.items():
        field = page.one("input", name=name)
        assert field["autocomplete"] == autocomplete
        assert field["type"] == ("text" if name == "login" else "password")
        assert "required" in field.attributes
        assert "value" not in field.attributes
        assert page.one("label", for_=field["id"]).text


def test_each_sign_in_method_is_a_form_of_its_own_and_the_chosen_one_comes_first() -> None:
    page = page_of(BOTH_METHODS)
    assert [method["value"] for method in page.all("input", name="method")] == ["api_key", "password"]
    assert [heading.text for heading in page.all("h2")] == ["API key", "Login and password"]
    assert page.one("input", name="api_key")["aria-describedby"] == "api_key-api_key-help"


def test_a_failed_sign_in_says_so_first_and_leads_to_the_field() -> None:
    page = page_of(SIGN_IN_ERROR)
    assert page.one("title").text.startswith("Error: ")
    alert = page.one("div", role="alert")
    assert "Redmine does not accept this login and password." in alert.text
    assert page.one("a", href="#password-login").text == "Try again: Login"
    for name in ("login", "password"):
        field = page.one("input", name=name)
        assert field["aria-invalid"] == "true"
        assert "error-text" in field["aria-describedby"].split()
    assert "aria-invalid" not in page.one("input", name="api_key").attributes


def test_a_failure_that_is_not_of_the_input_blames_no_field() -> None:
    page = page_of(replace(SIGN_IN_ERROR, error="Redmine is down.", is_error_of_input=False))
    assert "Redmine is down." in page.one("div", role="alert").text
    assert "aria-invalid" not in page.one("input", name="login").attributes


def test_start_says_what_will_happen_before_the_browser_leaves() -> None:
    page = page_of(START)
    assert page.one("h1").text == "Support desk to Acme Jira"
    assert page.one("button").text == "Continue to parley.acme.example"
    for told in (
        "Norma Field",
        "https://acme.atlassian.example",
        "Jira Cloud",
        "Redmine",
        CODE,
        *START.scopes,
    ):
        assert told in page.text
    assert "Did you start this? If not, close this page." in page.text
    assert page.one("time")["datetime"] == "2026-11-22T14:45:00+00:00"
    assert "14:45 UTC on 22 November 2026" in page.text


def test_consent_shows_the_verified_host_and_marks_every_claim() -> None:
    page = page_of(CONSENT)
    assert page.one("p", class_="asking-host host").text == "parley.acme.example"
    assert "Verified host of the asking node" in page.text
    claims = [element.text for element in page.all("dd")][: len(CONSENT.claims)]
    assert [" ".join(claim.split()) for claim in claims] == [
        f"{value} claimed, not verified" for _, value in CONSENT.claims
    ]


def test_consent_names_what_is_decided() -> None:
    text = page_of(CONSENT).text
    for told in ("Support desk", "https://redmine.support.example", "visual", "Norma Field"):
        assert told in text
    for line in CONSENT.permissions:
        assert f"{line.sentence} Permission: {line.permission} {line.note}" in text


def test_a_right_that_lacks_stands_out() -> None:
    (lacking,) = page_of(CONSENT).all("p", class_="lacking")
    assert "Missing. Grant it under Administration" in lacking.text


@pytest.mark.parametrize("mode", Mode)
def test_the_mode_comes_with_what_it_means(mode: Mode) -> None:
    meaning = {"visual": "field mapping", "script": "sync rules only", "basic": "may later be upgraded"}
    for view in (replace(CONSENT, mode=mode), replace(START, mode=mode)):
        assert meaning[mode.value] in page_of(view).text


def test_consent_asks_to_compare_the_code_and_whether_the_reader_started_this() -> None:
    page = page_of(CONSENT)
    assert page.one("p", class_="code").text.startswith(CODE)
    assert "The same code must be shown on the page where this was started" in page.text
    assert "Did you start this?" in page.text


def test_deny_and_accept_are_twins() -> None:
    deny, accept = page_of(CONSENT).all("button")
    assert (deny["value"], deny.text.strip()) == ("deny", "Deny")
    assert (accept["value"], accept.text.strip()) == ("accept", "Accept")
    differences = {name for name in deny.attributes if deny[name] != accept.attributes.get(name)}
    assert differences == {"value"}
    assert deny["name"] == "decision"


def test_a_host_with_look_alike_letters_is_shown_in_both_spellings() -> None:
    page = page_of(HOSTILE_CONSENT)
    assert page.one("p", class_="asking-host host").text == IDN_HOST
    assert "With its own letters: аррӏе.com" in page.text  # noqa: RUF001 - the trap itself


def test_somebody_who_is_no_admin_learns_what_is_missing_and_goes_back() -> None:
    page = page_of(NOT_ADMIN)
    assert page.one("h1").text == "You are not an admin of Support desk"
    assert NOT_ADMIN.missing in page.text
    assert "Bob Member" in page.text
    assert "nothing is lost" in page.text
    button = page.one("button")
    assert (button.text, button["name"], button["value"]) == ("Go back", "decision", "back")


def test_a_member_of_the_own_side_is_told_of_another_account_and_of_no_other_host() -> None:
    text = page_of(NOT_ADMIN_HERE).text
    assert "only an admin of this instance may set up a connection" in text
    assert "Go back to sign in with another account" in text
    assert "invitation" not in text


def test_a_pending_result_looks_again_by_itself_and_says_so() -> None:
    response = render(request(), PENDING)
    page = parse(response)
    assert response.headers["refresh"] == "2"
    assert "This page looks again by itself after 2 seconds." in page.text
    assert page.one("a", class_="button")["href"] == PENDING.next_url


def test_a_final_result_stays_and_leads_on() -> None:
    page = page_of(ACTIVE)
    assert "refresh" not in render(request(), ACTIVE).headers
    assert page.one("a", class_="button").text == "Go on to the configuration"
    assert page_of(FAILED).one("a", class_="button").text == "Go to Support desk"
    assert page_of(FAILED).one("button", value="again").text == "Start again"
    for view, state in ((PENDING, "Pending"), (ACTIVE, "Active"), (FAILED, "Failed")):
        assert f"{state} {view.title}" in page_of(view).text


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "/\\evil.example", "x"]
)
def test_a_result_leads_to_no_script_and_to_no_hidden_host(url: str) -> None:
    with pytest.raises(ValueError, match="links to http"):
        page_of(replace(ACTIVE, next_url=url))


def test_a_problem_says_what_happened_what_to_do_and_its_number() -> None:
    page = page_of(PROBLEM)
    assert page.one("h1").text == PROBLEM.title
    for told in (PROBLEM.detail, f"What you can do {PROBLEM.fix}", PROBLEM.request_id, "Problem 410"):
        assert told in page.text


def test_an_invitation_shows_the_verified_host_and_marks_every_claim() -> None:
    page = page_of(INVITED)
    assert page.one("p", class_="asking-host host").text == INVITED.inviter_host
    tags = [element.text for element in page.all("span", class_="tag")]
    assert tags == ["claimed, not verified"] * len(INVITED.claims)


def test_rejecting_an_invitation_is_as_prominent_as_accepting_it_and_enter_does_neither() -> None:
    default, *answers = page_of(INVITED).all("button")
    assert "disabled" in default.attributes
    assert [button["value"] for button in answers] == ["reject", "accept"]
    assert {button["class"] for button in answers} == {"button"}
