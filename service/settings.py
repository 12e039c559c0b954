"""What an operator sets, read once from the environment; a node refuses to start on an unsafe value."""

from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Environment(StrEnum):
    """Production is strict; development also takes http between loopback addresses."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"


class Settings(BaseSettings):
    """Each field is the variable `PARLEY_<NAME>`; what is missing or unsafe is refused with the way to fix it."""

    model_config = SettingsConfigDict(
        env_prefix="PARLEY_", frozen=True, extra="ignore", validate_default=True
    )

    env: Environment = Environment.PRODUCTION
    public_url: str = Field(
        default="", description="Where browsers and other nodes reach this node, without a path."
    )
    data_dir: Path = Field(default=Path(".parley"), description="Where the embedded SQLite database lives.")
    database_url: str = Field(
        default="", description="postgresql+asyncpg://… ; empty means SQLite in the data folder."
    )
    sealing_keys: SecretStr = Field(
        default=SecretStr(""), description="kid:base64[,kid:base64…]; the first seals, all open."
    )
    sandbox: bool = Field(default=False, description="Offer the built-in demonstration platform.")
    worker: bool = Field(default=True, description="Run the job worker inside `parley serve`.")
    job_lease_seconds: int = Field(
        default=15, ge=1, le=600, description="How long the jobs of a worker that died wait for another one."
    )
    egress_allow_cidrs: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    egress_ports: Annotated[frozenset[int], NoDecode] = frozenset({443, 8443})
    known_nodes: Annotated[tuple[tuple[str, str], ...], NoDecode] = Field(
        default=(), description="tracker URL=node URL pairs, comma separated, that probes may use."
    )
    log_level: str = "INFO"
    forwarded_allow_ips: str = Field(
        default="127.0.0.1", description="Proxies whose X-Forwarded-For is believed."
    )

    @field_validator("egress_allow_cidrs", "egress_ports", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        return (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )

    @field_validator("known_nodes", mode="before")
    @classmethod
    def _split_pairs(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [tuple(part.strip().split("=", 1)) for part in value.split(",") if part.strip()]
        if any(len(pair) != 2 for pair in pairs):  # noqa: PLR2004 - a pair has two halves
            message = "PARLEY_KNOWN_NODES takes tracker URL=node URL pairs, comma separated."
            raise ValueError(message)
        return pairs

    @field_validator("public_url")
    @classmethod
    def _without_trailing_slash(cls, value: str) -> str:
        return value.strip().rstrip("/")

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        if found := _unsafe(self):
            raise ValueError("\n".join(found))
        return self

    @property
    def is_development(self) -> bool:
        """True where http between loopback addresses is allowed."""
        return self.env is Environment.DEVELOPMENT

    @property
    def resolved_database_url(self) -> str:
        """The database URL, with the embedded default filled in."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir.resolve() / 'parley.db'}"


def _unsafe(settings: Settings) -> list[str]:
    """Return one sentence for each unsafe value, each with the way to fix it."""
    found = []
    url = urlsplit(settings.public_url)
    loopback = is_loopback_host(url.hostname or "")
    if not settings.public_url:
        found.append(
            "PARLEY_PUBLIC_URL is missing: set it to the https address where browsers and partners reach this node."
        )
    elif url.path or url.query or url.fragment or url.username:
        found.append(
            "PARLEY_PUBLIC_URL must be an origin such as https://parley.example.com, without path or user."
        )
    elif url.scheme == "http" and not (settings.is_development and loopback):
        found.append(
            "PARLEY_PUBLIC_URL is http: use https, or PARLEY_ENV=development with a loopback address."
        )
    elif url.scheme not in {"http", "https"} or not url.hostname:
        found.append("PARLEY_PUBLIC_URL must start with https:// and name a host.")
    elif not settings.is_development and loopback:
        found.append(
            "PARLEY_PUBLIC_URL is a loopback address: set the public one, or PARLEY_ENV=development."
        )
    if not settings.sealing_keys.get_secret_value():
        found.append(
            "PARLEY_SEALING_KEYS is missing: make one with `parley new-sealing-key` and keep it safe."
        )
    database = settings.database_url
    if database and not database.startswith(("postgresql+asyncpg://", "sqlite+aiosqlite://")):
        found.append(
            "PARLEY_DATABASE_URL must start with postgresql+asyncpg:// or sqlite+aiosqlite:// (or be empty for SQLite)."
        )
    if not settings.is_development and settings.sandbox and not settings.public_url.startswith("https://"):
        found.append("PARLEY_SANDBOX needs https in production.")
    return found


def is_loopback_host(host: str) -> bool:
    """True for `localhost` and loopback address literals."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
