"""What the REST API reads of a query: every parameter is known, and one of one value is given once."""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from inspect import isclass
from typing import Any, get_args, get_origin

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from service.problems.tree import ValidationFailed


class ApiRoute(APIRoute):
    """An operation for programs: it refuses what it would otherwise have ignored, and says so."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler that looks at the query first."""
        handler = super().get_route_handler()
        known, open_ended = dict(_parameters(self.dependant)), _open_ended(self.openapi_extra or {})

        async def answer(request: Request) -> Response:
            if request.query_params:
                _check(request, known, open_ended)
            return await handler(request)

        return answer


def _check(request: Request, known: Mapping[str, bool], open_ended: tuple[str, ...]) -> None:
    """Raise ValidationFailed for what is unknown, and for what is there twice but has one value."""
    faults, seen = [], set[str]()
    for name, _ in request.query_params.multi_items():
        if name in seen:
            if not known.get(name, False):
                faults.append(_fault(name, "repeated", "This has one value; send it once."))
            continue
        seen.add(name)
        if name not in known and not (name.startswith(open_ended) and name.endswith("]")):
            there = f"There are: {', '.join(sorted(known))}." if known else "There is none here."
            faults.append(_fault(name, "unknown_parameter", f"There is no such parameter. {there}"))
    if faults:
        raise ValidationFailed("{count} fault(s) in the query.", count=len(faults), errors=faults)


def _fault(name: str, code: str, detail: str) -> dict[str, str | None]:
    return {"pointer": None, "parameter": name, "code": code, "detail": detail}


def _parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Yield the name of each parameter that the operation reads, and whether it may be given more than once."""
    for field in dependant.query_params:
        shape = field.field_info.annotation
        if isclass(shape) and issubclass(shape, BaseModel):
            for name, member in shape.model_fields.items():
                yield member.alias or name, _has_many(member.annotation)
        else:
            yield field.alias, _has_many(shape)
    for part in dependant.dependencies:
        yield from _parameters(part)


def _has_many(shape: object) -> bool:
    return get_origin(shape) in {list, tuple, set} or any(_has_many(part) for part in get_args(shape))


def _open_ended(extra: Mapping[str, Any]) -> tuple[str, ...]:
    """Return how the names of parameters begin whose description leaves the rest of the name to the client."""
    return tuple(
        f"{each['name']}[" for each in extra.get("parameters", ()) if each.get("style") == "deepObject"
    )
