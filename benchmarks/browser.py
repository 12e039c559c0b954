"""As much of a browser as a set-up needs: cookies, redirects, and the first form of a page."""

import html
import re
from collections.abc import Mapping
from ipaddress import IPv4Address
from itertools import count
from urllib.parse import urlencode, urljoin, urlsplit

from benchmarks.http_client import Answer, HttpClient

FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
TAG = re.compile(r"<(input|button)\b([^>]*)>", re.DOTALL)
ATTRIBUTE = re.compile(r"""([a-z-]+)=(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
TEN_NETWORK = 10 << 24
_people = count(1)
REDIRECTS = frozenset({301, 302, 303, 307, 308})


class WentWrong(Exception):
    """An answer was not what a set-up expects."""


class Browser:
    """One person's browser, at an address of its own: it starts without any cookie."""

    def __init__(self, http: HttpClient) -> None:
        self.http = http
        self.address = str(IPv4Address(TEN_NETWORK + next(_people) % (1 << 24)))
        self.url = ""
        self.page = ""
        self.requests = 0
        self._cookies: dict[str, dict[str, tuple[str, str]]] = {}

    async def open(self, url: str) -> None:
        """Show a page, wherever it leads."""
        await self._follow("GET", url)

    async def submit(self, values: Mapping[str, str] | None = None, button: str = "") -> None:
        """Send the page's first form, filled in, with the button of this value pressed."""
        found = FORM.search(self.page)
        if found is None:
            raise WentWrong(f"no form at {self.url}: {self.page[:300]}")
        sent: dict[str, str] = {}
        for tag, attributes in TAG.findall(found[2]):
            given = _attributes(attributes)
            is_pressed = tag == "input" or given.get("value") == button
            if given.get("name") and is_pressed and given.get("type") != "checkbox":
                sent[given["name"]] = given.get("value", "")
        action = urljoin(self.url, _attributes(found[1]).get("action", ""))
        await self._follow("POST", action, {**sent, **(values or {})})

    async def _follow(self, method: str, url: str, form: Mapping[str, str] | None = None) -> None:
        answer = await self._send(method, url, form)
        while answer.status in REDIRECTS:
            url = urljoin(url, answer.headers["location"])
            answer = await self._send("GET", url, None)
        self.url, self.page = url, answer.text
        if answer.status != 200:  # noqa: PLR2004 - the one good end
            raise WentWrong(f"{answer.status} at {url}: {self.page[:600]}")

    async def _send(self, method: str, url: str, form: Mapping[str, str] | None) -> Answer:
        parts = urlsplit(url)
        headers = {"accept": "text/html", "x-forwarded-for": self.address}
        # Cookies belong to a host, not to a port; the two nodes are two hosts only by their ports here.
        present = self._cookies.setdefault(parts.netloc, {})
        if cookies := "; ".join(
            f"{k}={v}" for k, (v, path) in present.items() if parts.path.startswith(path)
        ):
            headers["cookie"] = cookies
        body = b""
        if form is not None:
            headers |= {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
            headers["origin"] = f"{parts.scheme}://{parts.netloc}"
            body = urlencode(form).encode()
        self.requests += 1
        answer = await self.http.request(method, url, headers, body)
        for cookie in answer.cookies:
            pair, *options = cookie.split(";")
            name, _, value = pair.partition("=")
            named = dict(option.strip().lower().partition("=")[::2] for option in options)
            is_gone = not value or named.get("max-age") == "0" or "1970" in named.get("expires", "")
            present.pop(name, None)
            if not is_gone:
                present[name] = (value, _path_of(options))
        return answer


def _path_of(options: list[str]) -> str:
    for option in options:
        name, _, value = option.strip().partition("=")
        if name.lower() == "path":
            return value
    return "/"


def _attributes(text: str) -> dict[str, str]:
    return {name: html.unescape(a or b or c) for name, a, b, c in ATTRIBUTE.findall(text)}
