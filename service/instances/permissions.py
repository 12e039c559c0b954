"""What the connection's user may do on an instance, in sentences: measured where a credential is stored."""

from collections.abc import Iterable
from dataclasses import dataclass

from service.instances.models import Instance
from service.instances.operations import platform_of
from service.instances.renewing import usable_credential
from service.node import Node
from service.platforms.description import PermissionNeed
from service.platforms.interface import Platform, Right, SignInFailure
from service.platforms.registry import Registry
from service.trust.sealing import SealBroken
from service.words import SCOPE_SENTENCES


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that is asked for, the platform's own permission behind it, and whether the user has it."""

    sentence: str
    permission: str
    note: str
    is_lacking: bool


async def list_permissions(
    node: Node, platforms: Registry, instance: Instance, scope: Iterable[str]
) -> tuple[Permission, ...]:
    """Return what the scope comes to on this platform. It may ask the instance: no transaction is open."""
    platform = platform_of(platforms, instance)
    asked = frozenset(scope)
    rights = {(right.scope, right.permission): right for right in await _rights(node, platform, instance)}
    return tuple(
        _permission(need, rights.get((need.scope, need.permission)))
        for need in platform.description.permissions
        if need.scope.value in asked
    )


async def _rights(node: Node, platform: Platform, instance: Instance) -> tuple[Right, ...]:
    """Return the rights, measured with the instance's own credential if that works, else declared."""
    try:
        credential = await usable_credential(node, platform.description, instance)
        return await platform.rights(node.egress, instance.url, credential)
    except (SignInFailure, SealBroken):
        return await platform.rights(node.egress, instance.url, None)


def _permission(need: PermissionNeed, right: Right | None) -> Permission:
    is_lacking = right is not None and right.measured and not right.granted
    return Permission(SCOPE_SENTENCES[need.scope], need.label, _note(need, right), is_lacking)


def _note(need: PermissionNeed, right: Right | None) -> str:
    if right is None or not right.measured:
        return f"{need.reason} Declared by the platform, not measured."
    if right.granted:
        return f"{need.reason} The connection's user has it."
    return f"The connection's user lacks it: {right.where_to_grant}"
