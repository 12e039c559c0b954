"""A vendor's own description of its API, served by Prism: every request of ours has to be one that it describes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.deadlines import until

FOLDER = Path(__file__).parent
PRISM = FOLDER / "node_modules/@stoplight/prism-cli/dist/index.js"
DESCRIPTIONS = Path(
    os.environ.get("PARLEY_DESCRIPTIONS", FOLDER.parents[1] / "../shared/trackers/specs")
).resolve()
# Where each one is published: they are not ours, so they are not in this repository.
SOURCES = {
    "jira-cloud": "https://developer.atlassian.com/cloud/jira/platform/swagger-v3.v3.json",
    "ado-core": "https://github.com/MicrosoftDocs/vsts-rest-api-specs (core)",
    "ado-security": "https://github.com/MicrosoftDocs/vsts-rest-api-specs (security)",
    "ado-wit": "https://github.com/MicrosoftDocs/vsts-rest-api-specs (wit)",
}
START_SECONDS = 60
UNAUTHORIZED = 401


@contextmanager
def mocks(*names: str) -> Iterator[dict[str, int]]:
    """Within, each description is answered for at its port."""
    with ExitStack() as stack:
        ports = {name: stack.enter_context(_mock(name)) for name in names}
        for port in ports.values():
            until(partial(_answers, port), within=START_SECONDS)
        yield ports


@contextmanager
def _mock(name: str) -> Iterator[int]:
    described = DESCRIPTIONS / f"{name}.json"
    if not described.exists():
        pytest.fail(
            f"The vendor's description {described} is missing, and nothing was tried against it. It is published at "
            f"{SOURCES[name]}; PARLEY_DESCRIPTIONS names another folder.",
            pytrace=False,
        )
    port = _free_port()
    command = ["node", str(PRISM), "mock", "--host", "127.0.0.1", "--port", str(port), str(described)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - installed by the lock file
        try:
            yield port
        finally:
            process.terminate()


class Described(httpx.AsyncBaseTransport):
    """What a description says to each request; `recorded` says the rest, by path, for one kind of person.

    A request that is not described, or lacks what is required, ends the test. A path in `undescribed` has no
    description, and is answered from the record alone. `refusing` is the status that every described call gets.
    """

    def __init__(
        self,
        ports: Mapping[str, int],
        recorded: Mapping[str, httpx.Response],
        *,
        undescribed: frozenset[str] = frozenset(),
        refusing: int | None = None,
    ) -> None:
        self.ports = ports
        self.recorded = recorded
        self.undescribed = undescribed
        self.refusing = refusing
        self.paths: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.paths.append(path)
        if path in self.undescribed:
            return _copy(self.recorded[path])
        answer = await self._ask(request)
        if answer.status_code in {UNAUTHORIZED, self.refusing}:
            return answer
        return _copy(self.recorded[path]) if path in self.recorded else answer

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        """Return the answer of the one description that knows the path."""
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        if self.refusing is not None:
            headers["prefer"] = f"code={self.refusing}"
        async with httpx.AsyncClient(trust_env=False) as wire:
            for port in self.ports.values():
                url = f"http://127.0.0.1:{port}{request.url.raw_path.decode()}"
                answer = await wire.request(request.method, url, headers=headers, content=request.content)
                problem = answer.json().get("type", "") if _is_problem(answer) else ""
                if problem.endswith("NO_PATH_MATCHED_ERROR"):
                    continue
                assert not _violations(answer), (request.url, _violations(answer))
                assert not _is_problem(answer) or answer.status_code == UNAUTHORIZED, (
                    request.url,
                    answer.text,
                )
                return httpx.Response(
                    answer.status_code, headers={"content-type": "application/json"}, content=answer.content
                )
        raise AssertionError(f"No description knows {request.method} {request.url}")


def reply(body: object, status: int = 200, **headers: str) -> httpx.Response:
    """Return a recorded answer: text is a page, anything else JSON."""
    content, kind = (body, "text/html") if isinstance(body, str) else (json.dumps(body), "application/json")
    return httpx.Response(status, headers={"content-type": kind, **headers}, content=content)


def _copy(answer: httpx.Response) -> httpx.Response:
    return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def _violations(answer: httpx.Response) -> list[object]:
    """Return what is wrong with our request; of its own examples Prism tells here, too."""
    told = json.loads(answer.headers.get("sl-violations", "[]"))
    return [each for each in told if each["location"][0] == "request" and each["code"] != UNAUTHORIZED]


def _is_problem(answer: httpx.Response) -> bool:
    return "problem+json" in answer.headers.get("content-type", "")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
