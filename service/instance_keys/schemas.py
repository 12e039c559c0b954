"""What is on the wire about keys; of a private half, nothing ever is."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from service.instance_keys.models import InstanceKey
from service.instance_keys.rotation import RotationKind
from service.values.texts import RequestBody

_KID = "mPBTqoBgXoW0ZqyMSFyFuEiAOqRdSmZl0gWzC9ZwXhQ"
NOT_READABLE = (
    "Other nodes cannot read the keys of a private instance. Its connections work until the next key signs; then "
    "each of them has to be reconnected."
)


class KeyRotationCreate(RequestBody):
    """Why the key changes."""

    kind: RotationKind = Field(
        default=RotationKind.PLANNED,
        description="`planned`: the next key is published now, signs in 24 hours, and the old one is refused seven "
        "days later. `emergency`: a fresh key signs now, and nothing that an older one signed counts any more.",
    )


class KeyOut(BaseModel):
    """One key of an instance."""

    kid: str = Field(description="Its thumbprint (RFC 7638), as in the published key set.", examples=[_KID])
    state: str = Field(
        description="`next`: published, signs later. `current`: signs. `retired`: signs no more, and what it "
        "signed still counts. `refused`: nothing of it counts, and it is not published.",
        examples=["current"],
    )
    until: datetime | None = Field(description="When this state ends by itself; null where it does not.")
    created_at: datetime = Field(description="When it was made.")


class KeysOut(BaseModel):
    """The keys of an instance, newest first."""

    object: Literal["instance_keys"] = "instance_keys"
    instance: str = Field(description="The instance's id.", examples=["ins_0199c0de7f3a7c4e8a01b2c3d4e5f607"])
    keys: list[KeyOut] = Field(description="Every key that the instance ever had.")
    note: str | None = Field(description="What else has to be done, and by whom.", examples=[None])


def describe_keys(instance_id: str, keys: list[InstanceKey], *, is_readable: bool) -> KeysOut:
    """Return the keys as an admin sees them."""
    return KeysOut(
        instance=instance_id,
        keys=[
            KeyOut(kid=key.id, state=key.state, until=key.until, created_at=key.created_at) for key in keys
        ],
        note=None if is_readable else NOT_READABLE,
    )
