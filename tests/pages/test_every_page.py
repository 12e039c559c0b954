"""What holds for each page, whatever it says and whoever wrote parts of it."""

import itertools
import re

import pytest
from starlette.responses import Response

from service.pages.rendering import STATIC_FOLDER, render
from service.pages.views import CodeView, View
from tests.pages.page_text import Page, parse, request
from tests.pages.sample_views import ACTIVE, CONSENT, PROBLEM, VIEWS

EVERY_VIEW = pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)
VOID = {"wbr", "meta", "link", "input", "br", "path", "circle"}


def rendered(view: View) -> tuple[Response, Page]:
    response = render(request(), view)
    return response, parse(response)


@EVERY_VIEW
def test_each_page_has_every_protecting_header(view: View) -> None:
    headers = render(request(), view).headers
    own_script = "; script-src 'self'" if isinstance(view, CodeView) else ""
    assert headers["content-security-policy"] == POLICY + own_script
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["content-type"] == "text/html; charset=utf-8"


@EVERY_VIEW
def test_no_page_has_a_script_or_a_style_of_its_own(view: View) -> None:
    _, page = rendered(view)
    own_script = ["/static/invite.js"] if isinstance(view, CodeView) else []
    assert [script["src"] for script in page.all("script")] == own_script
    assert "".join(script.text for script in page.all("script")) == ""
    assert not page.all("style") + page.all("iframe") + page.all("object")
    names = {name for element in page.elements for name in element.attributes}
    assert not [name for name in names if name.startswith("on") or name == "style"]


@EVERY_VIEW
def test_a_page_loads_nothing_but_files_of_its_own_node(view: View) -> None:
    _, page = rendered(view)
    loaded = [e["href"] for e in page.all("link")] + [
        e["src"] for e in page.elements if "src" in e.attributes
    ]
    assert loaded
    for path in loaded:
        assert path.startswith("/static/")
        assert (STATIC_FOLDER / path.removeprefix("/static/")).is_file()


@EVERY_VIEW
def test_text_from_outside_makes_no_elements(view: View) -> None:
    response, page = rendered(view)
    own_scripts = 1 if isinstance(view, CodeView) else 0
    assert bytes(response.body).count(b"<script") == own_scripts
    assert not page.all("img")
    # Each tag that was opened is closed, so nothing that a peer wrote broke out of its place.
    html = bytes(response.body).decode()
    for tag in {element.tag for element in page.elements} - VOID:
        assert html.count(f"</{tag}>") == len(page.all(tag)), tag


@EVERY_VIEW
def test_nothing_hidden_and_nothing_endless_reaches_the_reader(view: View) -> None:
    response, page = rendered(view)
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\u0000-\u0009\u000b-\u001f]", page.text)
    assert len(response.body) < 12_000


@EVERY_VIEW
def test_a_screen_reader_finds_its_way(view: View) -> None:
    _, page = rendered(view)
    assert page.one("html")["lang"] == "en"
    assert page.one("title").text.endswith(" – Parley")  # noqa: RUF001 - a dash between two names
    assert page.one("meta", name="viewport")["content"] == "width=device-width, initial-scale=1"
    for landmark in ("header", "main", "footer"):
        assert page.all(landmark)
    levels = [int(heading.tag[1]) for heading in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper <= level + 1 for level, deeper in itertools.pairwise(levels))
    ids = [element["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    for element in page.elements:
        named = (
            element.attributes.get("aria-describedby", "")
            + " "
            + element.attributes.get("aria-labelledby", "")
        )
        assert set(named.split()) <= set(ids)


def test_each_page_has_a_title_of_its_own() -> None:
    titles = {parse(render(request(), view)).one("title").text for view in VIEWS.values()}
    assert len(titles) >= 8


def test_a_form_may_end_at_the_verified_origin_of_the_other_side() -> None:
    for origin in (
        "https://parley.acme.example",
        "http://127.0.0.1:8002",
        "https://xn--mnchen-3ya.example:8443",
    ):
        policy = render(request(), CONSENT, form_action_origin=origin).headers["content-security-policy"]
        assert policy == f"{POLICY} {origin}"


@pytest.mark.parametrize(
    "not_an_origin",
    [
        "",
        "https://",
        "https://*",
        "https://*.example",
        "https://a.example/",
        "https://a.example/path",
        "https://a.example?x",
        "https://a.example#x",
        "https://user@a.example",
        "https://a.example; script-src *",
        "https://a.example https://b.example",
        "https://a.example\r\nSet-Cookie: x=1",
        "https://a.example\n",
        "https://a.example:0",
        "https://a.example:99999",
        "https://a.example:",
        "https://münchen.example",
        "javascript:alert(1)",
        "data:text/html",
        "'unsafe-inline'",
        "a.example",
    ],
)
def test_nothing_but_an_origin_gets_into_the_policy(not_an_origin: str) -> None:
    with pytest.raises(ValueError, match=r"not an origin|[Pp]ort"):
        render(request(), CONSENT, form_action_origin=not_an_origin)


def test_the_status_is_the_one_asked_for_and_a_problem_brings_its_own() -> None:
    assert render(request(), ACTIVE).status_code == 200
    assert render(request(), CONSENT, status=403).status_code == 403
    assert render(request(), PROBLEM).status_code == 410


def test_a_node_below_a_path_finds_its_style_sheet() -> None:
    page = parse(render(request(root_path="/parley"), ACTIVE))
    assert page.one("link", rel="stylesheet")["href"] == "/parley/static/pages.css"
