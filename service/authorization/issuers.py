"""Which of our issuers is asked: built from the configuration, never from a request's Host."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path

from service.database.sessions import reading
from service.instances.identity import why_paused
from service.instances.models import Instance
from service.instances.operations import get_by_slug, issuer_of
from service.node import Node, NodeDep
from service.protocol.errors import ServerNotReady
from service.protocol.messages import CLIENT_DOCUMENT_PATH

SlugPath = Annotated[str, Path(description="The instance, as in its node URL.")]


@dataclass(frozen=True, slots=True)
class Issuer:
    """An instance of ours as others see it: `url` is its node URL."""

    instance: Instance
    url: str

    @property
    def client_id(self) -> str:
        """The address of our own client document."""
        return self.url + CLIENT_DOCUMENT_PATH


async def find_issuer(slug: str, node: Node) -> Issuer:
    """Return the issuer of this instance; raises NotFound."""
    async with reading(node.database) as session:
        instance = await get_by_slug(session, slug)
    return Issuer(instance, issuer_of(node.settings, instance.slug))


async def get_issuer(slug: SlugPath, node: NodeDep) -> Issuer:
    """Return the issuer that the path names; raises NotFound, and ServerNotReady for one that is paused."""
    issuer = await find_issuer(slug, node)
    if why_paused(node.settings, issuer.instance):
        raise ServerNotReady(
            "This instance is paused: it has moved, or is a copy of one that runs elsewhere."
        )
    return issuer


IssuerDep = Annotated[Issuer, Depends(get_issuer)]
