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

NOBODY = "No user of connections is stored for this instance yet, so nothing of this was measured."
UNUSABLE = "The stored user of connections cannot be used now, so nothing of this was measured."


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that is asked for, the platform's own permission behind it, and whether the user has it."""

    sentence: str
    permission: str
    note: str
    is_lacking: bool


@dataclass(frozen=True, slots=True)
class Permissions:
    """Everything that is asked for; `not_measured` says why the instance could not be asked, None where it was."""

    lines: tuple[Permission, ...]
    not_measured: str | None


async def list_permissions(
    node: Node, platforms: Registry, instance: Instance, scope: Iterable[str]
) -> Permissions:
    """Return what the scope comes to on this platform. It may ask the instance: no transaction is open."""
    platform = platform_of(platforms, instance)
    asked = frozenset(scope)
    measured, not_measured = await _rights(node, platform, instance)
    rights = {(right.scope, right.permission): right for right in measured}
    lines = tuple(
        _permission(need, rights.get((need.scope, need.permission)))
        for need in platform.description.permissions
        if need.scope.value in asked
    )
    return Permissions(lines, not_measured)


async def _rights(node: Node, platform: Platform, instance: Instance) -> tuple[tuple[Right, ...], str | None]:
    """Return the rights, measured with the instance's own credential if that works; else declared, and why."""
    credential, not_measured = None, NOBODY
    try:
        credential = await usable_credential(node, platform.description, instance)
        if credential is not None:
            return await platform.rights(node.egress, instance.url, credential), None
    except SignInFailure as failure:
        not_measured = f"{UNUSABLE} {failure.detail}"
    except SealBroken:
        not_measured = f"{UNUSABLE} It was sealed with a key that this node does not have any more."
    return await platform.rights(node.egress, instance.url, None), not_measured


def _permission(need: PermissionNeed, right: Right | None) -> Permission:
    is_lacking = right is not None and right.measured and not right.granted
    return Permission(SCOPE_SENTENCES[need.scope], need.label, _note(need, right), is_lacking)


def _note(need: PermissionNeed, right: Right | None) -> str:
    if right is None or not right.measured:
        return (
            f"{need.reason} Declared by the platform, not measured. An admin grants it: {need.where_to_grant}"
        )
    if right.granted:
        return f"{need.reason} The connection's user has it."
    return f"{need.reason} The connection's user lacks it: {right.where_to_grant}"
