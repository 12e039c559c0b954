"""What an operator sets, read once from the environment; a node refuses to start on an unsafe value."""

import re
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.trust.sealing import parse_keys
from service.values.database_urls import libpq_keywords

SHORTEST_TOKEN = 16
_PROXY = re.compile(
    r"http://(?:[^\s:/@]+:[^\s/@]+@)?(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}/?", re.ASCII
)
HTTP_REFUSED = "http can be read by others. Use https, or PARLEY_ENV=development with a loopback address."


class Environment(StrEnum):
    """Production is strict; development also takes http between loopback addresses."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"


Port = Annotated[int, Field(ge=1, le=65_535)]
Networks = tuple[IPv4Network | IPv6Network, ...]


class Settings(BaseSettings):
    """Each field is the variable `PARLEY_<NAME>`; what is missing or unsafe is refused with the way to fix it."""

    model_config = SettingsConfigDict(
        env_prefix="PARLEY_", frozen=True, extra="ignore", validate_default=True, hide_input_in_errors=True
    )

    env: Environment = Field(
        default=Environment.PRODUCTION,
        description="`production`, or `development`, which also takes http between loopback addresses.",
    )
    public_url: str = Field(
        default="", description="Where browsers and other nodes reach this node: https, a host, no path."
    )
    data_dir: Path = Field(default=Path(".parley"), description="Where the embedded SQLite database lives.")
    database_url: str = Field(
        default="",
        repr=False,
        description="`postgresql://user:password@host/name`, as libpq reads it; empty means SQLite in the data folder.",
    )
    database_seconds: float = Field(
        default=30,
        gt=0,
        le=600,
        description="How long PostgreSQL may take to answer a statement; then it counts as away.",
    )
    sealing_keys: SecretStr = Field(
        default=SecretStr(""),
        description="`kid:base64[,kid:base64…]`: the first seals secrets at rest, all of them open.",
    )
    sandbox: bool = Field(default=False, description="Offer the built-in platform for demos and tests.")
    worker: bool = Field(default=True, description="Run the job worker inside `parley serve`.")
    job_lease_seconds: int = Field(
        default=15,
        ge=1,
        le=600,
        description="How long the jobs of a worker that died stay its own; they are found as long after.",
    )
    egress_allow_cidrs: Annotated[Networks, NoDecode] = Field(
        default=(), description="Networks of your own that may be called although they are not public."
    )
    egress_ports: Annotated[frozenset[Port], NoDecode] = Field(
        default=frozenset({443, 8443}), description="The only ports of other hosts that are called."
    )
    egress_ca_file: str = Field(
        default="", description="A file of certificates (PEM) that count beside the public authorities."
    )
    egress_proxy: SecretStr = Field(
        default=SecretStr(""),
        description="`http://[user:password@]host:port` of a proxy for calls to PARLEY_EGRESS_PROXY_HOSTS.",
    )
    egress_proxy_hosts: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset(), description="The only hosts that are called by the proxy, comma separated."
    )
    known_nodes: Annotated[tuple[tuple[str, str], ...], NoDecode] = Field(
        default=(), description="`tracker URL=node URL` pairs, comma separated, that probes may use."
    )
    rate_limits: bool = Field(
        default=True,
        description="`false` only where a gateway in front limits floods; guessed passwords and codes always count.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="`DEBUG`, `INFO`, `WARNING` or `ERROR`."
    )
    metrics_token: SecretStr = Field(
        default=SecretStr(""),
        description="What monitoring sends as a bearer token to read `/metrics`; without it, only this machine may.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Origins of front ends whose pages may call the API, comma separated; cookies never count there.",
    )
    listed_instances: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Slugs of public instances, comma separated, that the node's start page names to everybody.",
    )
    forwarded_allow_ips: str = Field(
        default="127.0.0.1", description="Addresses of your proxies, whose `X-Forwarded-For` is believed."
    )

    @field_validator("egress_ports", mode="before")
    @classmethod
    def _split_ports(cls, value: object) -> object:
        return _split(value) if isinstance(value, str) else value

    @field_validator("egress_allow_cidrs", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return tuple(ip_network(part) for part in _split(value))
        except ValueError as fault:
            raise ValueError(f"{fault}. Write networks such as 10.1.0.0/16, comma separated.") from None

    @field_validator("egress_proxy_hosts", mode="before")
    @classmethod
    def _split_proxy_hosts(cls, value: object) -> object:
        return frozenset(host.lower() for host in _split(value)) if isinstance(value, str) else value

    @field_validator("egress_proxy")
    @classmethod
    def _check_proxy(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value().strip()
        if text and not _PROXY.fullmatch(text):
            raise ValueError("Write http://host:port, or http://user:password@host:port.")
        return SecretStr(text)

    @field_validator("egress_ca_file")
    @classmethod
    def _check_ca_file(cls, value: str) -> str:
        try:
            is_pem = not value or b"-----BEGIN " in Path(value).read_bytes()
        except OSError:
            raise ValueError("There is no such file that this process can read.") from None
        if not is_pem:
            raise ValueError("There is no certificate in the file. Write the name of a file in PEM.")
        return value

    @field_validator("listed_instances", mode="before")
    @classmethod
    def _split_listed(cls, value: object) -> object:
        return _split(value) if isinstance(value, str) else value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        return _split(value) if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _check_cors_origins(cls, value: tuple[str, ...], others: ValidationInfo) -> tuple[str, ...]:
        if "*" in value:
            raise ValueError("This lets every page call the API. Name the origins of your front ends.")
        origins = tuple(origin.rstrip("/") for origin in value)
        if not all(map(_is_origin, origins)):
            raise ValueError("Write origins such as https://app.example.com, without path, comma separated.")
        for origin in origins:
            is_here = is_loopback_host(urlsplit(origin).hostname or "")
            is_development = others.data.get("env") is Environment.DEVELOPMENT
            if origin.lower().startswith("http:") and not (is_here and is_development):
                raise ValueError(HTTP_REFUSED)
        return tuple(map(canonical_origin, origins))

    @field_validator("known_nodes", mode="before")
    @classmethod
    def _split_pairs(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [tuple(part.split("=", 1)) for part in _split(value)]
        if any(len(pair) != 2 for pair in pairs):  # noqa: PLR2004 - a pair has two halves
            raise ValueError("This is no list of pairs. Write tracker URL=node URL, comma separated.")
        return pairs

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str, others: ValidationInfo) -> str:
        url = value.strip().rstrip("/")
        if not url:
            raise ValueError(
                "It is missing. Set it to the https address where browsers and other nodes reach this node."
            )
        if not _is_origin(url):
            raise ValueError("Write an origin such as https://parley.example.com, without path or user.")
        url = canonical_origin(url)
        if others.data.get("env") is not Environment.DEVELOPMENT:
            _require_public(url)
        elif url.startswith("http:") and not is_loopback_host(urlsplit(url).hostname or ""):
            raise ValueError(HTTP_REFUSED)
        return url

    @field_validator("sealing_keys")
    @classmethod
    def _check_sealing_keys(cls, value: SecretStr) -> SecretStr:
        way_out = "Make one with `parley new-sealing-key`, and keep it safe."
        if not value.get_secret_value():
            raise ValueError(f"It is missing: secrets at rest need a key. {way_out}")
        try:
            parse_keys(value.get_secret_value())
        except ValueError as fault:
            raise ValueError(f"{fault} {way_out}") from None
        return value

    @field_validator("metrics_token")
    @classmethod
    def _check_metrics_token(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value()
        is_safe = (
            len(token) >= SHORTEST_TOKEN and token.isascii() and token.isprintable() and " " not in token
        )
        if token and not is_safe:
            raise ValueError(
                f"Write {SHORTEST_TOKEN} letters and digits at least, as `openssl rand -hex 24` does."
            )
        return value

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: str) -> str:
        url = value.strip()
        if url.startswith("sqlite+aiosqlite://"):
            if not url.partition(":///")[2].replace(":memory:", ""):
                raise ValueError("What is kept in memory is forgotten at the end. Leave it empty for a file.")
        elif url:
            libpq_keywords(url)
        return url

    @field_validator("egress_allow_cidrs")
    @classmethod
    def _check_networks(cls, value: Networks) -> Networks:
        if any(network.prefixlen == 0 for network in value):
            raise ValueError(
                "This opens every address. Name the networks of your work-management systems only."
            )
        return value

    @property
    def is_development(self) -> bool:
        """True where http between loopback addresses is allowed."""
        return self.env is Environment.DEVELOPMENT

    @property
    def resolved_database_url(self) -> str:
        """The database URL, with the embedded default filled in."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir.resolve() / 'parley.db'}"


def _split(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _is_origin(url: str) -> bool:
    """True for a scheme, a host and perhaps a port, and nothing else."""
    try:
        parts = urlsplit(url)
        has_port_or_none = parts.port is None or parts.port > 0
    except ValueError:
        return False
    extra = parts.path or parts.query or parts.fragment or "@" in parts.netloc
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and has_port_or_none and not extra


def _require_public(url: str) -> None:
    """Raise ValueError for an address that is not safe, or of no use to others, in production."""
    if url.startswith("http:"):
        raise ValueError(HTTP_REFUSED)
    if is_loopback_host(urlsplit(url).hostname or ""):
        raise ValueError(
            "Nobody else reaches a loopback address. Set the public address, or PARLEY_ENV=development."
        )


def canonical_origin(url: str) -> str:
    """Return the origin as other nodes spell it: small letters, no default port. Issuers are compared as text."""
    parts = urlsplit(url.lower())
    default = ":443" if parts.scheme == "https" else ":80"
    return f"{parts.scheme}://{parts.netloc.removesuffix(default)}"


def is_loopback_host(host: str) -> bool:
    """True for `localhost` and loopback address literals."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
