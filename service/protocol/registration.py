"""What the invited side asks of its inviter's node: how the invitation stands, to have it, not to want it."""

from http import HTTPStatus
from typing import Any
from uuid import uuid4

from service.protocol.client import ASSERTION_LIFE, Caller, Peer, call, read_answer
from service.protocol.messages import InstanceFacts, InvitationStatus, Registered
from service.trust.signatures import Purpose, sign, stamp


async def register(
    caller: Caller, peer: Peer, secret: str, invitation: str, shared_id: str, facts: InstanceFacts
) -> Registered:
    """The invitation is ours from here on; the same key may ask again and gets the same answer (I5)."""
    body = {
        "client_name": facts.name,
        "client_uri": caller.issuer,
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["client_credentials"],
        "jwks": {"keys": [caller.key.public_jwk]},
        "software_statement": _statement(caller, peer, invitation, shared_id),
        "parley_instance": facts.model_dump(mode="json"),
    }
    headers = {"Authorization": f"Bearer {secret}"}
    answer = await call(caller, "POST", peer.registration_endpoint, json=body, headers=headers)
    return read_answer(answer, Registered, HTTPStatus.CREATED)


async def invitation_status(caller: Caller, peer: Peer, invitation: str, secret: str) -> InvitationStatus:
    """How the invitation stands; asking changes nothing (I3 and I8)."""
    form = {"invitation": invitation, "secret": secret}
    answer = await call(caller, "POST", f"{peer.issuer}/invitations/status", form=form)
    return read_answer(answer, InvitationStatus, HTTPStatus.OK)


async def reject_invitation(
    caller: Caller, peer: Peer, invitation: str, secret: str, reason: str
) -> InvitationStatus:
    """The inviter knows that we do not want it, and why; repeating it changes nothing."""
    form = {"invitation": invitation, "secret": secret, "reason": reason}
    answer = await call(caller, "POST", f"{peer.issuer}/invitations/rejection", form=form)
    return read_answer(answer, InvitationStatus, HTTPStatus.OK)


def _statement(caller: Caller, peer: Peer, invitation: str, shared_id: str) -> str:
    """Return our word that this key takes this invitation, for this inviter alone."""
    claims: dict[str, Any] = {
        "iss": caller.issuer,
        "aud": peer.issuer,
        "jwk": caller.key.public_jwk,
        "shared_id": shared_id,
        "invitation": invitation,
        "nonce": uuid4().hex,
        **stamp(caller.now, ASSERTION_LIFE),
    }
    return sign(Purpose.NODE_STATEMENT, claims, caller.key)
