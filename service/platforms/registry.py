"""Which platforms this node knows: every file here that has a PLATFORM."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from service import platforms
from service.platforms.interface import Platform, PlatformDescription

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
    """Return every platform that has its file in this package; the sandbox only where it is wanted."""
    found: dict[str, Platform] = {}
    for name in sorted(module.name for module in iter_modules(platforms.__path__)):
        # A router belongs to the outermost layer, and imports what is built here.
        if name.endswith("router") or (name == SANDBOX and not sandbox):
            continue
        platform: Platform | None = getattr(import_module(f"{platforms.__name__}.{name}"), "PLATFORM", None)
        if platform is None:
            continue
        if platform.description.name != name:
            raise ValueError(
                f"The platform {platform.description.name} is in the file {name}.py; name them alike."
            )
        found[name] = platform
    return Registry(found)


def get_platforms(connection: HTTPConnection) -> Registry:
    """Return the platforms of the node that serves this request."""
    platforms_here: Registry = connection.app.state.platforms
    return platforms_here


PlatformsDep = Annotated[Registry, Depends(get_platforms)]
