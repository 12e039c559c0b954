"""What the node behind an issuer publishes, believed only after every check of a careful client."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from service.database.sessions import reading
from service.discovery.reasons import DETAILS, FROM_EGRESS, ProbeReason, other_version
from service.egress.client import Answer, Egress, EgressFailure
from service.egress.lately import Remembering
from service.egress.web_addresses import UnusableUrl, WebAddress, normalise, well_known
from service.instances.operations import issuers_of_keys
from service.node import Node
from service.protocol.messages import (
    PROTOCOL_VERSION,
    WELL_KNOWN_AUTHORIZATION_SERVER,
    AuthorizationServerMetadata,
    KeySet,
)
from service.trust.signatures import InvalidSignature, check_public_jwk, thumbprint
from service.values.moments import seconds_ahead

# What an intermediary stored a while ago would make a right clock look wrong.
FRESH = {"Accept": "application/json", "Cache-Control": "no-cache"}
Requirement = tuple[str, Callable[[AuthorizationServerMetadata], bool]]

REQUIREMENTS: tuple[Requirement, ...] = (
    ("the code response type", lambda node: "code" in node.response_types_supported),
    ("the code grant", lambda node: "authorization_code" in node.grant_types_supported),
    ("the client credentials grant", lambda node: "client_credentials" in node.grant_types_supported),
    ("pushed authorization requests only", lambda node: node.require_pushed_authorization_requests),
    ("PKCE with S256", lambda node: "S256" in node.code_challenge_methods_supported),
    ("private_key_jwt", lambda node: "private_key_jwt" in node.token_endpoint_auth_methods_supported),
    ("ES256 client keys", lambda node: "ES256" in node.token_endpoint_auth_signing_alg_values_supported),
    ("DPoP with ES256", lambda node: "ES256" in node.dpop_signing_alg_values_supported),
    ("iss in its answers", lambda node: node.authorization_response_iss_parameter_supported),
    ("client id metadata documents", lambda node: node.client_id_metadata_document_supported),
)


class NodeUnreadable(Exception):
    """No node that this one may deal with is at the issuer; `detail` says in plain words why."""

    def __init__(self, reason: ProbeReason, detail: str | None = None) -> None:
        self.reason = reason
        self.detail = detail or DETAILS[reason]
        super().__init__(self.detail)


@dataclass(frozen=True, slots=True)
class NodeSnapshot:
    """Another node at one moment: a handshake uses one snapshot from its start to its end.

    `clock_skew_seconds` is how far its clock is ahead of ours.
    """

    issuer: str
    metadata: AuthorizationServerMetadata
    jwks: list[dict[str, str]]
    clock_skew_seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return what may be stored."""
        return {
            "issuer": self.issuer,
            "metadata": self.metadata.model_dump(mode="json"),
            "jwks": self.jwks,
            "clock_skew_seconds": self.clock_skew_seconds,
        }


async def read_node(
    egress: Egress, issuer: str, *, now: datetime, own_thumbprints: frozenset[str] = frozenset()
) -> NodeSnapshot:
    """Return the node's metadata and keys after every check; raises NodeUnreadable.

    `own_thumbprints` are the caller's keys: whoever publishes one of them under another issuer holds no key
    of their own, and would turn our signatures against us.
    """
    answer = await _read(egress, well_known(WELL_KNOWN_AUTHORIZATION_SERVER, _read_issuer(issuer)))
    metadata = _check_metadata(issuer, _json(answer))
    keys = _check_keys(_json(await _read(egress, metadata.jwks_uri)))
    if not own_thumbprints.isdisjoint(thumbprint(key) for key in keys):
        raise NodeUnreadable(
            ProbeReason.NOT_A_NODE, "The node publishes a key of this very instance as its own."
        )
    return NodeSnapshot(issuer, metadata, keys, seconds_ahead(answer.headers, now))


def _read_issuer(issuer: str) -> WebAddress:
    """Return the issuer's address; two spellings of one place would be two issuers."""
    try:
        address = normalise(issuer)
    except UnusableUrl as unusable:
        raise NodeUnreadable(ProbeReason.NOT_A_NODE, unusable.detail) from None
    if address.url != issuer:
        raise NodeUnreadable(
            ProbeReason.NOT_A_NODE, "A node URL has no slash at its end, no query and no capitals."
        )
    return address


async def _read(egress: Egress, url: str) -> Answer:
    try:
        answer = await egress.request("GET", url, headers=FRESH)
    except EgressFailure as failure:
        raise NodeUnreadable(FROM_EGRESS[failure.reason]) from None
    if answer.status >= 500 or answer.status == 429:  # noqa: PLR2004 - whoever answers so cannot answer now
        detail = f"The host answers that it cannot serve now (HTTP status {answer.status})."
        raise NodeUnreadable(ProbeReason.REFUSED, detail)
    if answer.status != 200:  # noqa: PLR2004 - a redirect would let another host speak for this one
        raise NodeUnreadable(ProbeReason.NOT_A_NODE)
    return answer


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except EgressFailure as failure:
        raise NodeUnreadable(FROM_EGRESS[failure.reason]) from None


def _check_metadata(issuer: str, unverified: Any) -> AuthorizationServerMetadata:
    """Return the metadata of exactly this issuer, whose endpoints all belong to it."""
    if not isinstance(unverified, dict) or not isinstance(unverified.get("parley_version"), str):
        raise NodeUnreadable(ProbeReason.NOT_A_NODE)
    if unverified.get("issuer") != issuer:
        detail = "The node there calls itself by another URL: ask the partner for the exact node URL."
        raise NodeUnreadable(ProbeReason.NOT_A_NODE, detail)
    if unverified["parley_version"] != PROTOCOL_VERSION:
        raise NodeUnreadable(
            ProbeReason.VERSION, other_version(unverified["parley_version"], PROTOCOL_VERSION)
        )
    try:
        metadata = AuthorizationServerMetadata.model_validate(unverified)
        normalise(metadata.parley_instance.url)
    except (ValidationError, UnusableUrl):
        raise NodeUnreadable(
            ProbeReason.NOT_A_NODE, "The node's description of itself is not complete."
        ) from None
    for what, is_met in REQUIREMENTS:
        if not is_met(metadata):
            raise NodeUnreadable(ProbeReason.NOT_A_NODE, f"The node does not offer what is required: {what}.")
    named = (
        metadata.authorization_endpoint,
        metadata.token_endpoint,
        metadata.pushed_authorization_request_endpoint,
        metadata.registration_endpoint,
        metadata.jwks_uri,
    )
    if not all(_belongs_to(issuer, endpoint) for endpoint in named if endpoint is not None):
        raise NodeUnreadable(ProbeReason.NOT_A_NODE, "The node names an endpoint that is not its own.")
    return metadata


def _belongs_to(issuer: str, endpoint: str) -> bool:
    """True below the issuer: on a node with several instances the same origin belongs to several issuers."""
    try:
        return normalise(endpoint).url == endpoint and endpoint.startswith(f"{issuer}/")
    except UnusableUrl:
        return False


def _check_keys(unverified: Any) -> list[dict[str, str]]:
    """Return public ES256 keys, each with an id of its own."""
    try:
        KeySet.model_validate(unverified)
        keys = [check_public_jwk(key) for key in unverified["keys"]]
    except (ValidationError, InvalidSignature):
        raise NodeUnreadable(ProbeReason.NOT_A_NODE, "The node's keys are not public ES256 keys.") from None
    if len({key["kid"] for key in keys}) != len(keys):
        raise NodeUnreadable(ProbeReason.NOT_A_NODE, "Two keys of the node have the same id.")
    return keys


async def read_foreign_node(node: Node, issuer: str, *, fresh: bool = True) -> NodeSnapshot:
    """Return the node at this issuer, none of whose keys is another's of this node; raises NodeUnreadable.

    Another instance of this node may be the one at the issuer: then its keys are its own there. What is not `fresh` may
    be what it answered within the last minute.
    """
    way_out = Remembering(node.egress, node.lately, node.clock, fresh=fresh)
    snapshot = await read_node(way_out, issuer, now=node.clock.now())
    async with reading(node.database) as session:
        kids = [thumbprint(key) for key in snapshot.jwks]
        owners = await issuers_of_keys(session, node.settings, kids)
    if not owners <= {issuer}:
        raise NodeUnreadable(ProbeReason.NOT_A_NODE, "The node publishes a key of this very node as its own.")
    return snapshot
