"""The API description pages work with no network, and let nothing run but what this node serves."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse

from service.pages.docs import redoc_page, swagger_ui_page
from service.pages.rendering import STATIC_FOLDER
from tests.pages.page_text import Page, parse, request

DocsPage = Callable[[Request], Awaitable[HTMLResponse]]
BOTH = pytest.mark.parametrize("docs_page", [swagger_ui_page, redoc_page])
VENDOR = STATIC_FOLDER / "vendor"
OWN_FILES = [
    *STATIC_FOLDER.glob("*.*"),
    *(STATIC_FOLDER / "docs").iterdir(),
    *(STATIC_FOLDER.parent / "templates").iterdir(),
]


async def opened(docs_page: DocsPage) -> tuple[HTMLResponse, Page]:
    app = FastAPI(title="Parley API", openapi_url="/openapi.json")
    response = await docs_page(request(app=app))
    return response, parse(response)


@pytest.mark.anyio
@BOTH
async def test_the_page_loads_only_files_that_come_with_parley(docs_page: DocsPage) -> None:
    _, page = await opened(docs_page)
    paths = [e["href"] for e in page.all("link")] + [e["src"] for e in page.all("script")]
    for path in paths:
        assert path.startswith("/static/")
        assert (STATIC_FOLDER / path.removeprefix("/static/")).is_file()
    assert page.one("main")["data-openapi-url"] == "/openapi.json"


@pytest.mark.anyio
@BOTH
async def test_no_script_stands_in_the_page_and_none_may_use_eval(docs_page: DocsPage) -> None:
    response, page = await opened(docs_page)
    assert all(script["src"] and not script.text for script in page.all("script"))
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; " in policy
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.anyio
@BOTH
async def test_each_page_leads_to_the_other_and_to_the_description(docs_page: DocsPage) -> None:
    _, page = await opened(docs_page)
    assert [link["href"] for link in page.all("a")][:3] == ["/docs", "/redoc", "/openapi.json"]
    assert page.one("a", aria_current="page").text == page.one("title").text.split(" – ")[0]  # noqa: RUF001


@pytest.mark.parametrize("path", OWN_FILES, ids=lambda path: path.name)
def test_no_file_of_ours_names_another_server(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+", text) in ([], ["http://www.w3.org"])


def test_the_vendored_files_are_the_versions_that_their_readme_names() -> None:
    readme = (VENDOR / "README.md").read_text(encoding="utf-8")
    redoc = (VENDOR / "redoc/redoc.standalone.js").read_text(encoding="utf-8")
    licence = (VENDOR / "redoc/redoc.standalone.js.LICENSE.txt").read_text(encoding="utf-8")
    swagger_ui = (VENDOR / "swagger-ui/swagger-ui-bundle.js").read_text(encoding="utf-8")
    versions = dict(re.findall(r"\| `([a-z-]+)` \| ([0-9.]+) \|", readme))
    assert f'Version: "{versions["redoc"]}"' in licence
    assert f'"{versions["swagger-ui-dist"]}"' in swagger_ui
    assert "cdn.redoc.ly" not in redoc
    for package in ("redoc", "swagger-ui"):
        assert (VENDOR / package / "LICENSE").is_file()
