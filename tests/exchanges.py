"""What went over the wire, by operation of the API's description."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import schemathesis
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from tests.nodes import RunningNode

Json = dict[str, Any]
TOLD = {"etag", "location", "link", "retry-after", "www-authenticate"}
PROMISES = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@dataclass(frozen=True)
class Operation:
    """One operation of the description, and which addresses are its."""

    id: str
    method: str
    template: str
    described: Json

    def variables(self, path: str) -> dict[str, str] | None:
        """Return what the path's variables are, or None where it is no path of this operation."""
        names = re.findall(r"\{([^}]+)\}", self.template)
        parts = re.split(r"\{[^}]+\}", self.template)
        found = re.fullmatch("([^/]+)".join(re.escape(part) for part in parts), path)
        return None if found is None else dict(zip(names, found.groups(), strict=True))

    @property
    def success(self) -> set[int]:
        """The statuses with which it does what it is for."""
        return {int(status) for status in self.described["responses"] if status[0] in "23"}


def operations(description: Json) -> list[Operation]:
    """Return every operation; a path without a variable stands before one that has it."""
    found = [
        Operation(described["operationId"], method.upper(), template, described)
        for template, item in description["paths"].items()
        for method, described in item.items()
    ]
    return sorted(found, key=lambda operation: operation.template.count("{"))


@dataclass(frozen=True)
class Exchange:
    """One request and its answer."""

    operation: Operation | None
    request: httpx.Request
    sent: bytes
    answer: httpx.Response

    def __str__(self) -> str:
        name = self.operation.id if self.operation else "no operation"
        return f"{name}: {self.request.method} {self.request.url} -> {self.answer.status_code}"


@dataclass
class Log:
    """Every exchange, in its order."""

    operations: Sequence[Operation]
    exchanges: list[Exchange] = field(default_factory=list)

    def find(self, method: str, path: str) -> Operation | None:
        """Return the operation that this request asks for."""
        for operation in self.operations:
            if operation.method == method and operation.variables(path) is not None:
                return operation
        return None

    def statuses(self) -> Mapping[str, set[int]]:
        """Return with which statuses each operation has answered."""
        found: dict[str, set[int]] = {operation.id: set() for operation in self.operations}
        for exchange in self.exchanges:
            if exchange.operation is not None:
                found[exchange.operation.id].add(exchange.answer.status_code)
        return found


class Recorder(httpx.AsyncBaseTransport):
    """Stands before a node and writes down what comes and what goes."""

    def __init__(self, node: httpx.AsyncBaseTransport, log: Log) -> None:
        self.node = node
        self.log = log

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        sent = await request.aread()
        answer = await self.node.handle_async_request(request)
        await answer.aread()
        operation = self.log.find(request.method, request.url.path)
        self.log.exchanges.append(Exchange(operation, request, sent, answer))
        return answer


@asynccontextmanager
async def described(node: RunningNode) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the node that may do everything; in the end each answer was as the description says."""
    log = Log(operations(node.app.openapi()))
    headers = {"Authorization": node.api.headers["Authorization"]}
    door = Recorder(node.door, log)
    async with httpx.AsyncClient(transport=door, base_url=node.url, headers=headers) as client:
        yield client
    assert log.exchanges
    broken = list(broken_promises(node.app.openapi(), log.exchanges))
    assert broken == [], broken


def broken_promises(description: Json, exchanges: Sequence[Exchange]) -> Iterator[str]:
    """Yield what the description says of an answer and the answer does not keep, or the reverse."""
    schema = schemathesis.openapi.from_dict(description)
    for exchange in exchanges:
        operation, answer = exchange.operation, exchange.answer
        if operation is None:
            yield f"{exchange}: is not described"
            continue
        answer.elapsed = timedelta(0)
        variables = operation.variables(exchange.request.url.path)
        case = schema[operation.template][operation.method].Case(path_parameters=variables)
        try:
            case.validate_response(answer, checks=PROMISES)
        except FailureGroup as broken:
            yield from (f"{exchange}: {failure}" for failure in broken.exceptions)
        if code := _untold_problem(operation, answer):
            yield f"{exchange}: the problem {code} is not described"
        described = operation.described["responses"].get(str(answer.status_code), {}).get("headers", {})
        untold = TOLD & set(answer.headers) - {name.lower() for name in described}
        if untold:
            yield f"{exchange}: the headers {sorted(untold)} are not described"


def _untold_problem(operation: Operation, answer: httpx.Response) -> str | None:
    """Return the kind of a refusal in JSON that the description has no example of."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind != "application/problem+json":
        return None
    told = operation.described["responses"].get(str(answer.status_code), {}).get("content", {}).get(kind, {})
    code = str(answer.json()["code"])
    return None if code in told.get("examples", {}) else code
