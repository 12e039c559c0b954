"""Checks of the one way out: whom this node calls."""

from tests.security.check import Check

EGRESS = "service/egress/client.py"
POLICY = "service/egress/policy.py"
ADDRESSES = "service/egress/addresses.py"
T_URLS = "tests/egress/test_egress_policy.py::test_urls_that_may_not_be_called"
T_CALLS = "tests/egress/test_egress.py::"
T_LIMITS = "tests/egress/test_egress_limits.py::"
T_DIALLING = "tests/egress/test_egress_dialling.py::"
T_SPELLING = T_DIALLING + "test_no_spelling_of_a_special_address_is_dialled"
DEVELOPMENT = "http, and any port, only when `PARLEY_ENV=development` and both ends are loopback"
AT_CONNECT = "every resolved address checked **at connect time** and the checked address dialled"
SPECIAL = "Refuse all special-use ranges by an explicit list"
ALLOWED = "`PARLEY_EGRESS_ALLOW_CIDRS` opens named ranges; empty by default"
SECURE = 'if not secure or int(match["port"] or 443) not in policy.ports:'

TARGETS = (
    Check(
        "urls-not-called-http",
        "https only",
        POLICY,
        SECURE,
        'if int(match["port"] or 443) not in policy.ports:',
        T_URLS + "[http://example.com/]",
    ),
    Check(
        "urls-not-called-22",
        "port list",
        POLICY,
        SECURE,
        "if not secure:",
        T_URLS + "[https://example.com:22/]",
    ),
    Check(
        "ports-443-8443",
        "port list",
        POLICY,
        "frozenset({443, 8443})",
        "frozenset({22, 443, 8443})",
        T_LIMITS + "test_unless_the_operator_says_more[ports 443 8443]",
    ),
    Check(
        "development-reaches-loopback-only",
        DEVELOPMENT,
        POLICY,
        "if policy.development and is_loopback_host(host):",
        "if policy.development:",
        T_DIALLING + "test_development_reaches_loopback_by_its_own_name_only",
    ),
    Check(
        "special-address-127",
        DEVELOPMENT,
        POLICY,
        "return policy.development and address.is_loopback and not _is_mapped(address)",
        "return address.is_loopback and not _is_mapped(address)",
        T_SPELLING + "[127.0.0.1]",
    ),
    Check(
        "development-on-a-public-address",
        DEVELOPMENT,
        "service/instances/addresses.py",
        "development=settings.is_development and is_loopback_host(own_host),",
        "development=settings.is_development,",
        "tests/instances/test_addresses.py::test_development_on_a_public_address_is_as_strict_as_production",
    ),
    Check(
        "redirect-not-followed",
        "no redirects",
        EGRESS,
        "follow_redirects=False,",
        "follow_redirects=True,",
        T_LIMITS + "test_a_redirect_is_not_followed",
    ),
    Check(
        "no-proxy-variables",
        "no proxy variables",
        EGRESS,
        "return aiohttp.ClientSession(\n        connector=connector,",
        "return aiohttp.ClientSession(\n        trust_env=True, connector=connector,",
        T_LIMITS + "test_no_proxy_variables_count",
    ),
    Check(
        "no-name-leads-to-a-special-address",
        AT_CONNECT,
        "service/egress/host_names.py",
        "if address is None or not may_dial(host.lower(), address, self._policy):",
        "if address is None:",
        T_DIALLING + "test_no_name_leads_to_a_special_address[mixed.example]",
    ),
    Check(
        "socket-itself-refused",
        AT_CONNECT,
        EGRESS,
        "if address is None or not may_dial(str(address), address, policy):",
        "if address is None:",
        T_DIALLING + "test_the_socket_itself_is_refused[10.0.0.1]",
    ),
    Check(
        "checked-address-dialled",
        AT_CONNECT,
        EGRESS,
        "use_dns_cache=False,",
        "use_dns_cache=True,",
        T_DIALLING + "test_the_checked_address_is_the_one_dialled",
    ),
    Check(
        "url-check",
        AT_CONNECT,
        EGRESS,
        "        check_url(url, self._policy)\n",
        "",
        T_CALLS + "test_a_given_transport_does_not_lift_the_url_check[asyncio]",
    ),
    Check(
        "address-judged-before-any-packet",
        AT_CONNECT,
        POLICY,
        "if known and not any(may_dial(host, candidate, policy) for candidate in known):",
        "if False:",
        T_LIMITS + "test_an_address_is_judged_before_any_packet",
    ),
    Check(
        "opened-by-the-operator-only",
        ALLOWED,
        POLICY,
        "allow_cidrs: tuple[IPv4Network | IPv6Network, ...] = ()",
        'allow_cidrs: tuple[IPv4Network | IPv6Network, ...] = (IPv4Network("10.0.0.0/8"),)',
        T_LIMITS + "test_unless_the_operator_says_more[opened by the operator only]",
    ),
    Check(
        "allowing-one-network-opens-no-other",
        ALLOWED,
        POLICY,
        "if any(address in network for network in policy.allow_cidrs):",
        "if policy.allow_cidrs:",
        T_DIALLING + "test_allowing_one_network_opens_no_other[127.0.0.1]",
    ),
    Check(
        "zone",
        SPECIAL,
        POLICY,
        "if isinstance(address, IPv6Address) and address.scope_id is not None:",
        "if False:",
        T_LIMITS + "test_an_address_with_a_zone_is_never_dialled",
    ),
)
RANGES = (
    *(
        Check(
            f"special-address-{name}",
            SPECIAL,
            ADDRESSES,
            f'        "{network}",  #',
            "        #",
            T_SPELLING + f"[{host}]",
        )
        for name, network, host in (
            ("10", "10.0.0.0/8", "10.0.0.1"),
            ("100-64", "100.64.0.0/10", "100.64.0.1"),
            ("169-254", "169.254.0.0/16", "169.254.169.254"),
            ("172", "172.16.0.0/12", "172.31.255.255"),
            ("192-168", "192.168.0.0/16", "192.168.0.1"),
            ("192-88-99", "192.88.99.0/24", "192.88.99.1"),
            ("224", "224.0.0.0/4", "224.0.0.1"),
            ("255", "240.0.0.0/4", "255.255.255.255"),
            ("2002", "2002::/16", "[2002:7f00:1::]"),
            ("2001", "2001::/23", "[2001::1]"),
            ("3fff", "3fff::/20", "[3fff::1]"),
        )
    ),
    *(
        Check(
            f"listed-{name}",
            SPECIAL,
            ADDRESSES,
            f'        "{network}",  #',
            "        #",
            T_LIMITS + f"test_each_special_range_is_listed[{network}]",
        )
        for name, network in (
            ("127-8", "127.0.0.0/8"),
            ("fec0-10", "fec0::/10"),
            ("ff00-8", "ff00::/8"),
            ("fe80-10", "fe80::/10"),
            ("fc00-7", "fc00::/7"),
        )
    ),
    Check(
        "special-address-4000",
        SPECIAL,
        ADDRESSES,
        "if address.scope_id is not None or address not in GLOBAL_UNICAST_IPV6:",
        "if address.scope_id is not None:",
        T_SPELLING + "[[4000::1]]",
    ),
    *(
        Check(
            f"special-address-{name}",
            "`ipaddress.is_global` wrongly allows NAT64 64:ff9b::/96, 6to4, fec0::/10, multicast",
            ADDRESSES,
            """    if address.scope_id is not None or address not in GLOBAL_UNICAST_IPV6:
        return False
    return not any(address in network for network in SPECIAL_IPV6)""",
            "    return address.is_global",
            T_SPELLING + f"[{host}]",
        )
        for name, host in (("64-ff9b", "[64:ff9b::7f00:1]"), ("fec0", "[fec0::1]"))
    ),
)
CHECKS = (*TARGETS, *RANGES)
