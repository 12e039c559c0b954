"""Text that both databases take: JSON and paths can carry what neither UTF-8 nor PostgreSQL knows."""


def is_storable(text: str) -> bool:
    """True for text without NUL and lone surrogates; any other is stored nowhere, so it names nothing."""
    try:
        return b"\x00" not in text.encode()
    except UnicodeEncodeError:
        return False
