"""What is not an ordinary address of the internet is not public."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given, settings, strategies

from service.egress.addresses import SPECIAL_IPV4, SPECIAL_IPV6
from service.egress.client import is_public_address


@pytest.mark.parametrize("network", [*SPECIAL_IPV4, *SPECIAL_IPV6], ids=str)
def test_no_special_range_is_public(network: IPv4Network | IPv6Network) -> None:
    assert not is_public_address(network[0])
    assert not is_public_address(network[-1])


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2001:200::1", "2001:4860:4860::8888", "2606:4700::1111"],
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public_address(ip_address(address))


@given(strategies.ip_addresses())
@settings(max_examples=2000)
def test_nothing_that_the_standard_library_knows_as_special_is_public(
    address: IPv4Address | IPv6Address,
) -> None:
    special = address.is_private or address.is_multicast or address.is_reserved or address.is_link_local

    assert not (special and is_public_address(address))
