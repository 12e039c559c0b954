"""Which platforms this node knows: every file or folder here that has a PLATFORM."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from service import platforms
from service.platforms.description import PlatformDescription
from service.platforms.interface import Platform

SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True)
class Registry:
    """The platforms by name, in alphabetical order."""

    platforms: Mapping[str, Platform]

    def get(self, name: str) -> Platform:
        """Return the platform of this name; raises KeyError."""
        return self.platforms[name]

    def __iter__(self) -> Iterator[Platform]:
        return iter(self.platforms.values())

    def descriptions(self) -> tuple[PlatformDescription, ...]:
        """Return what each platform says about itself."""
        return tuple(platform.description for platform in self)


def build_registry(*, sandbox: bool) -> Registry:
    """Return every platform that has its file or folder in this package; the sandbox only where it is wanted."""
    found: dict[str, Platform] = {}
    for name, module in sorted(_modules()):
        platform: Platform | None = getattr(import_module(module), "PLATFORM", None)
        if platform is None or (name == SANDBOX and not sandbox):
            continue
        if platform.description.name != name:
            raise ValueError(f"The platform {platform.description.name} is in {module}; name them alike.")
        found[name] = platform
    return Registry(found)


def _modules() -> Iterator[tuple[str, str]]:
    """Yield where each platform would be: in a file of its name, or in the file adapter of a folder of its name."""
    for module in iter_modules(platforms.__path__):
        full = f"{platforms.__name__}.{module.name}"
        yield module.name, f"{full}.adapter" if module.ispkg else full


async def get_platforms(connection: HTTPConnection) -> Registry:
    """Return the platforms of the node that serves this request."""
    platforms_here: Registry = connection.app.state.platforms
    return platforms_here


PlatformsDep = Annotated[Registry, Depends(get_platforms)]
