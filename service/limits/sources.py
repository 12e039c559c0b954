"""Where a request comes from, as limits see it: what one person or program can have many of counts as one."""

from ipaddress import IPv4Address, IPv6Address, ip_address

IPV6_PREFIX = 64
LONGEST = 64
UNKNOWN = "unknown"


def source_of(address: str | None) -> str:
    """Return the IPv4 address, or the /64 of an IPv6 one: whoever has one address of it has them all."""
    if not address:
        return UNKNOWN
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:LONGEST]
    if isinstance(found, IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    host_bits = found.max_prefixlen - IPV6_PREFIX
    return f"{IPv6Address(int(found) >> host_bits << host_bits)}/{IPV6_PREFIX}"
