"""How the protocol endpoints describe themselves: forms and refusals of RFC 6749 in the OpenAPI document."""

from collections import defaultdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from service.openapi.document import problem_responses
from service.problems.tree import NotFound
from service.protocol.errors import OAuthError
from service.protocol.messages import OAuthErrorBody, PushedRequest, SharedId
from service.protocol.parameters import FORM_TYPE

AssertionType = Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
ClientAssertion = Annotated[
    str,
    Field(max_length=8192, description="A JWT for this issuer, signed by the client (RFC 7523), used once."),
]
NULL = {"type": "null"}


def _header(name: str, description: str) -> dict[str, Any]:
    text = {"type": "string"}
    return {"name": name, "in": "header", "required": True, "description": description, "schema": text}


DPOP_HEADER = _header("DPoP", "A proof of the caller's key for this very call (RFC 9449), used once.")
TOKEN_HEADER = _header("Authorization", "`DPoP` and the access token for this connection.")
INITIAL_TOKEN_HEADER = _header("Authorization", "`Bearer` and the invitation's secret (RFC 7591, section 3).")


class PushForm(PushedRequest):
    """A pushed authorization request (RFC 9126) of a client that authenticates with private_key_jwt."""

    client_assertion_type: AssertionType
    client_assertion: ClientAssertion
    dpop_jkt: str | None = Field(default=None, description="Binds the code to this DPoP key (RFC 9449).")


class TokenForm(BaseModel):
    """A token request: a code of this client, or a token for a connection that it already has."""

    grant_type: Literal["authorization_code", "client_credentials"]
    code: str | None = Field(default=None, description="With authorization_code.")
    redirect_uri: str | None = Field(default=None, description="With authorization_code: as it was pushed.")
    code_verifier: str | None = Field(default=None, description="With authorization_code (RFC 7636).")
    shared_id: SharedId | None = Field(default=None, description="With client_credentials: which connection.")
    client_assertion_type: AssertionType
    client_assertion: ClientAssertion


def form_body(form: type[BaseModel]) -> dict[str, Any]:
    """Return the request body of an endpoint that reads its form itself, to refuse repeated parameters."""
    schema = _inline(form.model_json_schema(), has_null=False)
    return {"required": True, "content": {FORM_TYPE: {"schema": schema}}}


def json_body(message: type[BaseModel]) -> dict[str, Any]:
    """Return the request body of an endpoint that reads its JSON itself, to refuse it in the words of its RFC."""
    schema = _inline(message.model_json_schema(), has_null=True)
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def oauth_responses(*kinds: type[OAuthError]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a protocol endpoint that may refuse in these ways, or not know the issuer."""
    by_status: dict[int, list[type[OAuthError]]] = defaultdict(list)
    for kind in kinds:
        by_status[kind.status].append(kind)
    responses = problem_responses(NotFound)
    for status, same in by_status.items():
        response = responses.setdefault(status, {"description": ""})
        sentences = [response["description"], *(f"`{kind.error}`: {kind.__doc__}" for kind in same)]
        response |= {"model": OAuthErrorBody, "description": " ".join(filter(None, sentences))}
    return responses


def _inline(schema: dict[str, Any], *, has_null: bool) -> dict[str, Any]:
    """Return the schema without references: the endpoint is the only place where it is used."""
    definitions = schema.pop("$defs", {})

    def resolve(value: Any) -> Any:
        if isinstance(value, dict):
            if not has_null and NULL in value.get(
                "anyOf", ()
            ):  # a form has no null: what is not sent is left out
                value = {**value, **value["anyOf"][0]}
                del value["anyOf"], value["default"]
            if "$ref" in value:
                found = definitions[value["$ref"].rpartition("/")[2]]
                return resolve({**found, **{name: part for name, part in value.items() if name != "$ref"}})
            return {name: resolve(part) for name, part in value.items()}
        return [resolve(part) for part in value] if isinstance(value, list) else value

    resolved: dict[str, Any] = resolve(schema)
    return resolved
