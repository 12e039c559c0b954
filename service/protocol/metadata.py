"""What this node publishes of an instance: from the configuration and the database, never from a request."""

from typing import Literal

from service.instances.identity import known_version
from service.instances.models import Instance
from service.instances.operations import issuer_of
from service.platforms.description import PlatformDescription
from service.platforms.registry import SANDBOX
from service.protocol.messages import (
    CALLBACK_PATH,
    CLIENT_DOCUMENT_PATH,
    PROTOCOL_VERSION,
    WELL_KNOWN_AUTHORIZATION_SERVER,
    AuthorizationServerMetadata,
    InstanceFacts,
    KeySet,
    ProtectedResourceMetadata,
    PublicKey,
    Url,
    Wire,
)
from service.settings import Settings
from service.words import Mode, Scope

JWKS_PATH = "/oauth/jwks"
GRANTS = ["authorization_code", "client_credentials"]
ALGORITHMS = ["ES256"]
SCOPES = [scope.value for scope in Scope]


class PublishedClient(Wire):
    """The instance as a client of other nodes; the document's own address is its `client_id`."""

    client_id: Url
    client_name: str
    client_uri: Url
    redirect_uris: list[Url]
    grant_types: list[str]
    response_types: list[str]
    scope: str
    token_endpoint_auth_method: Literal["private_key_jwt"]
    token_endpoint_auth_signing_alg: Literal["ES256"]
    dpop_bound_access_tokens: Literal[True]
    jwks: KeySet
    parley_instance: InstanceFacts


class NodeLinks(Wire):
    """Where the rest of what an instance publishes is."""

    authorization_server_metadata: Url
    client_document: Url
    jwks: Url


class NodeCard(Wire):
    """What the node URL itself shows: which instance is behind it, and where its documents are."""

    object: Literal["node"]
    issuer: Url
    parley_version: str
    parley_instance: InstanceFacts
    links: NodeLinks


def instance_facts(instance: Instance, description: PlatformDescription) -> InstanceFacts:
    """Return what the node claims of an instance; the tracker is not asked for it."""
    return InstanceFacts(
        name=instance.name,
        platform=description.name,
        platform_label=description.label,
        url=instance.url,
        network=instance.network,
        version=known_version(instance),
        modes=[mode.value for mode in Mode if mode in description.modes],
        sandbox=description.name == SANDBOX,
    )


def authorization_server(
    settings: Settings, instance: Instance, description: PlatformDescription
) -> AuthorizationServerMetadata:
    """Return the instance as an authorization server (RFC 8414)."""
    issuer = issuer_of(settings, instance.slug)
    return AuthorizationServerMetadata(
        issuer=issuer,
        authorization_endpoint=f"{issuer}/oauth/authorize",
        token_endpoint=f"{issuer}/oauth/token",
        pushed_authorization_request_endpoint=f"{issuer}/oauth/par",
        registration_endpoint=f"{issuer}/oauth/register",
        jwks_uri=issuer + JWKS_PATH,
        require_pushed_authorization_requests=True,
        response_types_supported=["code"],
        grant_types_supported=GRANTS,
        code_challenge_methods_supported=["S256"],
        token_endpoint_auth_methods_supported=["private_key_jwt"],
        token_endpoint_auth_signing_alg_values_supported=ALGORITHMS,
        dpop_signing_alg_values_supported=ALGORITHMS,
        authorization_response_iss_parameter_supported=True,
        client_id_metadata_document_supported=True,
        scopes_supported=SCOPES,
        parley_version=PROTOCOL_VERSION,
        parley_instance=instance_facts(instance, description),
    )


def protected_resource(settings: Settings, instance: Instance, resource: str) -> ProtectedResourceMetadata:
    """Return which issuer speaks for this URL (RFC 9728)."""
    return ProtectedResourceMetadata(
        resource=resource, authorization_servers=[issuer_of(settings, instance.slug)]
    )


def client(
    settings: Settings, instance: Instance, description: PlatformDescription, keys: list[dict[str, str]]
) -> PublishedClient:
    """Return the client document: inline keys, so that the other node needs one call."""
    issuer = issuer_of(settings, instance.slug)
    return PublishedClient(
        client_id=issuer + CLIENT_DOCUMENT_PATH,
        client_name=instance.name,
        client_uri=issuer,
        redirect_uris=[issuer + CALLBACK_PATH],
        grant_types=GRANTS,
        response_types=["code"],
        scope=" ".join(SCOPES),
        token_endpoint_auth_method="private_key_jwt",  # noqa: S106 - the name of a method
        token_endpoint_auth_signing_alg="ES256",  # noqa: S106 - the name of an algorithm
        dpop_bound_access_tokens=True,
        jwks=key_set(keys),
        parley_instance=instance_facts(instance, description),
    )


def key_set(keys: list[dict[str, str]]) -> KeySet:
    """Return the public keys (RFC 7517); a private part could not pass."""
    return KeySet(keys=[PublicKey.model_validate(key) for key in keys])


def card(settings: Settings, instance: Instance, description: PlatformDescription) -> NodeCard:
    """Return what the node URL shows to programs."""
    issuer = issuer_of(settings, instance.slug)
    return NodeCard(
        object="node",
        issuer=issuer,
        parley_version=PROTOCOL_VERSION,
        parley_instance=instance_facts(instance, description),
        links=NodeLinks(
            authorization_server_metadata=(
                f"{settings.public_url}{WELL_KNOWN_AUTHORIZATION_SERVER}/i/{instance.slug}"
            ),
            client_document=issuer + CLIENT_DOCUMENT_PATH,
            jwks=issuer + JWKS_PATH,
        ),
    )
