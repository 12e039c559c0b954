"""A real browser, and a throw-away node that serves every page to it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from service.pages.docs import redoc_page, swagger_ui_page
from service.pages.rendering import STATIC_FOLDER, render
from tests.browser.sandbox_pair import Pair
from tests.chromium import Visitor, started_chromium
from tests.pages.sample_views import VIEWS
from tests.processes import started_node

FRONT_END = Path(__file__).with_name("front_end.html")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of this folder."""
    with started_chromium() as started:
        yield started


@pytest.fixture(scope="session")
def front_end() -> Iterator[str]:
    """The origin of a static page that another team serves; both nodes list it."""

    async def page(_request: Request) -> FileResponse:
        return FileResponse(FRONT_END)

    with served(Starlette(routes=[Route("/", page)])) as url:
        yield url


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory, front_end: str) -> Iterator[Pair]:
    """Both nodes run; what one test sets up, the next one may see."""
    folder = tmp_path_factory.mktemp("handshake")
    with ExitStack() as stack:
        nodes = [
            stack.enter_context(started_node(folder, name, cors_origins=front_end))
            for name in ("acme", "globex")
        ]
        for node in nodes:
            node.wait_until_ready()
        acme, globex = (node.add_instance() for node in nodes)
        yield Pair(acme, globex)


@pytest.fixture
def alice(browser: Browser, pair: Pair) -> Iterator[Visitor]:
    """An admin of both instances; nothing was wrong on any page that she saw."""
    visitor = pair.visitor(browser)
    yield visitor
    visitor.leave()


@pytest.fixture(scope="session")
def pages_url() -> Iterator[str]:
    """Where the throw-away node answers: each view at /pages/{name}, and the API description pages."""
    with served(_pages_app()) as url:
        yield url


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """Give the origin at which the application answers; it ends with the block."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def _pages_app() -> FastAPI:
    app = FastAPI(title="Parley", docs_url=None, redoc_url=None)

    @app.get("/v1/greetings/{name}", tags=["Greetings"], summary="Say hello")
    async def say_hello(name: str, language: Literal["en", "de"] = "en") -> dict[str, str]:
        return {"greeting": f"{'Hello' if language == 'en' else 'Hallo'} {name}"}

    app.add_route("/pages/{name}", _page, include_in_schema=False)
    app.add_route("/{path:path}", _decided, methods=["POST"], include_in_schema=False)
    app.add_route("/docs", swagger_ui_page, include_in_schema=False)
    app.add_route("/redoc", redoc_page, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC_FOLDER))
    return app


async def _page(request: Request) -> HTMLResponse:
    origin = request.query_params.get("form_action_origin")
    return render(request, VIEWS[request.path_params["name"]], form_action_origin=origin)


async def _decided(request: Request) -> RedirectResponse:
    """Answer a decision as authorization does, with the way back to another origin: localhost is one."""
    form = await request.form()
    host = f"localhost:{request.url.port}"
    return RedirectResponse(f"http://{host}/pages/active?decision={form['decision']}", 303)
