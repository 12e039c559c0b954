"""A page as data: its elements in order, and the text a person reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from starlette.requests import Request
from starlette.responses import Response

from service.pages.rendering import render
from service.pages.views import View

HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


@dataclass
class Element:
    """One start tag, and the text up to its end tag."""

    tag: str
    attributes: dict[str, str]
    text: str = ""

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]


@dataclass
class Page(HTMLParser):
    """What stands on a page; `parse` fills it."""

    elements: list[Element] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Return the elements with this tag and these attributes, in the order of the page."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [e for e in self.elements if e.tag == tag and wanted.items() <= e.attributes.items()]

    def one(self, tag: str, **attributes: str) -> Element:
        """Return the only such element."""
        (element,) = self.all(tag, **attributes)
        return element

    @property
    def text(self) -> str:
        """What a person reads, in one line."""
        return " ".join(self.one("body").text.split())

    @property
    def headings(self) -> list[Element]:
        return [element for element in self.elements if element.tag in HEADINGS]


def parse(response: Response) -> Page:
    """Return the page of this response."""
    page = Page()
    page.feed(bytes(response.body).decode())
    page.close()
    return page


def request(**scope: object) -> Request:
    """Return the least that a page needs to know of a request."""
    return Request({"type": "http", "method": "GET", "path": "/", "headers": [], **scope})


def page_of(view: View) -> Page:
    """Return the page that a person gets for this view."""
    return parse(render(request(), view))
