"""Logs are JSON lines with the request's and the connection's id, and never a secret."""

import logging
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog
from structlog.tracebacks import ExceptionDictTransformer

SECRET_WORDS = (
    "password",
    "secret",
    "token",
    "code",
    "verifier",
    "assertion",
    "authorization",
    "cookie",
    "api_key",
    "credential",
)
HARMLESS = frozenset({"status_code", "code_path"})
REMOVED = "[removed]"


class _Indulgent:
    """A log that cannot be written is no reason to fail: on a full disk what only reads still works."""

    def __init__(self, out: TextIO) -> None:
        self.out = out

    def write(self, text: str) -> None:
        with suppress(OSError):
            self.out.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self.out.flush()


def configure(level: str, out: TextIO) -> None:
    """Send every log line of this process to `out` as JSON; values under a secret's name are removed.

    Libraries are heard only when something is wrong: what they tell else has URLs and SQL parameters in it.
    """
    lowest = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        remove_secrets,
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Indulgent(out))),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(lowest, logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
        logger.setLevel(max(lowest, logging.INFO))
    logging.getLogger("uvicorn.access").disabled = True


def remove_secrets(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank the values whose name says that they are secret."""
    for name in line:
        if name not in HARMLESS and any(word in name.lower() for word in SECRET_WORDS):
            line[name] = REMOVED
    return line
