"""From a view to the bytes a browser gets: the template, and the headers that let nothing else in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from service.pages.untrusted_text import claim, host_spelling, url_spelling
from service.pages.views import (
    CodeView,
    ConsentView,
    HandOverView,
    InvitedView,
    NotAdminView,
    ProblemView,
    ResultView,
    SignInView,
    StartView,
    View,
    WelcomeView,
)
from service.platforms.description import SignInField
from service.words import Mode

STATIC_FOLDER = Path(__file__).parent / "static"

COMMON_HEADERS = {
    "Referrer-Policy": "same-origin",  # no-referrer would turn a form's Origin into null
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), clipboard-read=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), usb=()"
    ),
    "X-Frame-Options": "DENY",
}

_TEMPLATES: dict[type[View], str] = {
    SignInView: "sign_in.html",
    StartView: "start.html",
    ConsentView: "consent.html",
    NotAdminView: "not_admin.html",
    CodeView: "code.html",
    HandOverView: "hand_over.html",
    InvitedView: "invited.html",
    ResultView: "result.html",
    WelcomeView: "welcome.html",
    ProblemView: "problem.html",
}
_MODE_NOTES = {
    Mode.VISUAL: "What is synced is chosen with a sync scope and a field mapping.",
    Mode.SCRIPT: "It is configured with scripts in sync rules only.",
    Mode.BASIC: "It has fixed rules, and may later be upgraded to visual or script.",
}
_ORIGIN = re.compile(r"https?://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:[0-9]{1,5})?")


def render(
    request: Request, view: View, *, status: int = 200, form_action_origin: str | None = None
) -> HTMLResponse:
    """Return the page of this view; a problem's own status wins over `status`.

    Chromium applies `form-action` to the redirect that answers a form too, so a form that ends at the other
    side needs that side's verified origin: `form_action_origin`, "https://host[:port]" and nothing more.
    """
    form_action = "'self'" if form_action_origin is None else f"'self' {_checked_origin(form_action_origin)}"
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action {form_action}"
    )
    if isinstance(view, CodeView):  # the one page with a script, which is a file of ours
        policy += "; script-src 'self'"
    page = html_response(
        request,
        _TEMPLATES[type(view)],
        {"view": view},
        policy=policy,
        status=view.status if isinstance(view, ProblemView) else status,
    )
    if isinstance(view, ResultView) and view.refresh_seconds is not None:
        page.headers["Refresh"] = str(view.refresh_seconds)
    return page


def html_response(
    request: Request, template: str, values: dict[str, Any], *, policy: str, status: int = 200
) -> HTMLResponse:
    """Return a page with the headers that all pages share and this content security policy."""
    root = request.scope.get("app_root_path", request.scope.get("root_path", ""))
    html = _ENVIRONMENT.get_template(template).render(values, static=f"{root}/static", root=root)
    return HTMLResponse(html, status, headers={**COMMON_HEADERS, "Content-Security-Policy": policy})


def _checked_origin(origin: str) -> str:
    if not _ORIGIN.fullmatch(origin) or urlsplit(origin).port == 0:  # .port itself refuses what is over 65535
        raise ValueError(f"not an origin: {origin[:80]!r}")
    return origin


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M} UTC on {moment.astimezone(UTC):%d %B %Y}"


def _link(url: str) -> str:
    """Return a URL that a browser may be sent to; a script in a link is a programmer's mistake, and loud."""
    if not url.startswith(("https://", "http://")) and not re.match(r"/(?![/\\])", url):
        raise ValueError("a page links to http, https or its own node only")
    return url


def _autocomplete(field: SignInField) -> str:
    """Return what a password manager may fill in: an account's login and password, never a key."""
    if not field.secret:
        return "username"
    return "current-password" if field.name == "password" else "off"


def _mode_note(mode: Mode) -> str:
    return _MODE_NOTES[mode]


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "claim": claim,
        "host": host_spelling,
        "address": url_spelling,
        "moment": _moment,
        "link": _link,
        "autocomplete": _autocomplete,
        "mode_note": _mode_note,
    }
    return environment


_ENVIRONMENT = _environment()
