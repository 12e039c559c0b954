"""Where what an instance publishes is read: by other nodes before they trust it, and by curious people."""

import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from service.database.sessions import SessionDep
from service.http.problem_handlers import prefers_html
from service.instance_keys.operations import public_keys
from service.instances.models import Instance
from service.instances.operations import get_by_slug, issuer_of
from service.node import NodeDep
from service.openapi.document import problem_responses
from service.pages.rendering import html_response
from service.platforms.description import PlatformDescription
from service.platforms.registry import PlatformsDep
from service.problems import tree as problems
from service.protocol import metadata
from service.protocol.messages import (
    CLIENT_DOCUMENT_PATH,
    WELL_KNOWN_AUTHORIZATION_SERVER,
    WELL_KNOWN_PROTECTED_RESOURCE,
    AuthorizationServerMetadata,
    KeySet,
    ProtectedResourceMetadata,
)

CACHE = {"Cache-Control": "public, max-age=300"}
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'none'"
)

NODE = "/i/{slug}"

router = APIRouter(
    tags=["Protocol"],
    responses={
        **problem_responses(problems.NotFound),
        304: {"description": "Unchanged since the answer whose ETag is in If-None-Match."},
    },
)


@dataclass(frozen=True, slots=True)
class Published:
    """An instance that this node serves, and its platform."""

    instance: Instance
    description: PlatformDescription


async def get_published(
    slug: Annotated[str, Path(description="The last part of the node URL.", examples=["acme"])],
    session: SessionDep,
    platforms: PlatformsDep,
) -> Published:
    """Return the instance; raises NotFound, also where its platform is switched off."""
    instance = await get_by_slug(session, slug)
    try:
        return Published(instance, platforms.get(instance.platform).description)
    except KeyError:
        raise problems.NotFound("There is no instance {slug}.", slug=slug) from None


PublishedDep = Annotated[Published, Depends(get_published)]


@router.get(
    WELL_KNOWN_AUTHORIZATION_SERVER + NODE,
    operation_id="getAuthorizationServerMetadata",
    summary="Read an instance's metadata",
    response_model=AuthorizationServerMetadata,
)
async def read_authorization_server(request: Request, node: NodeDep, published: PublishedDep) -> Response:
    """How other nodes connect to this instance (RFC 8414), and what is behind it as `parley_instance`."""
    document = metadata.authorization_server(node.settings, published.instance, published.description)
    return _document(request, document)


@router.get(
    WELL_KNOWN_PROTECTED_RESOURCE + NODE,
    operation_id="getProtectedResourceMetadata",
    summary="Read which issuer protects a node URL",
    response_model=ProtectedResourceMetadata,
)
async def read_protected_resource(request: Request, node: NodeDep, published: PublishedDep) -> Response:
    """The node URL as a protected resource (RFC 9728): the instance is its own issuer."""
    resource = issuer_of(node.settings, published.instance.slug)
    return _document(request, metadata.protected_resource(node.settings, published.instance, resource))


@router.get(
    WELL_KNOWN_PROTECTED_RESOURCE + "/sandbox/{slug}",
    operation_id="getSandboxResourceMetadata",
    summary="Read which issuer speaks for a sandbox",
    response_model=ProtectedResourceMetadata,
)
async def read_sandbox_resource(request: Request, node: NodeDep, published: PublishedDep) -> Response:
    """The sandbox's own address points to its node (RFC 9728), as a tracker's domain may do."""
    instance = published.instance
    resource = f"{node.settings.public_url}/sandbox/{instance.slug}"
    if instance.url != resource:
        raise problems.NotFound("There is no sandbox instance {slug}.", slug=instance.slug)
    return _document(request, metadata.protected_resource(node.settings, instance, resource))


@router.get(
    NODE + CLIENT_DOCUMENT_PATH,
    operation_id="getClientDocument",
    summary="Read an instance's client document",
    response_model=metadata.PublishedClient,
)
async def read_client_document(
    request: Request, node: NodeDep, session: SessionDep, published: PublishedDep
) -> Response:
    """Who this instance is when it asks other nodes; its address is the `client_id`."""
    keys = await public_keys(session, published.instance.id)
    document = metadata.client(node.settings, published.instance, published.description, keys)
    return _document(request, document)


@router.get(
    NODE + metadata.JWKS_PATH,
    operation_id="getKeys",
    summary="Read an instance's public keys",
    response_model=KeySet,
)
async def read_keys(request: Request, session: SessionDep, published: PublishedDep) -> Response:
    """The keys with which the instance signs (RFC 7517), newest first."""
    return _document(request, metadata.key_set(await public_keys(session, published.instance.id)))


@router.get(
    NODE,
    operation_id="getNode",
    summary="See what is at a node URL",
    response_model=metadata.NodeCard,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
async def read_node_card(request: Request, node: NodeDep, published: PublishedDep) -> Response:
    """Which instance is behind this node URL, and where its documents are; browsers get a page."""
    card = metadata.card(node.settings, published.instance, published.description)
    if prefers_html(request):
        response: Response = html_response(request, "node.html", {"card": card}, policy=PAGE_POLICY)
    else:
        response = _document(request, card)
    response.headers["Vary"] = "Accept"
    return response


def _document(request: Request, document: BaseModel) -> Response:
    """Return the document, or 304 where the reader has it already (RFC 9110, 13.1.2)."""
    body = document.model_dump_json().encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    headers = {**CACHE, "ETag": etag}
    if etag in known or "*" in known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, headers=headers, media_type="application/json")
