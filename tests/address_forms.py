"""How one may write, or name, an address that no call may reach; and name servers that tests write."""

import socket
from dataclasses import dataclass, field

from aiohttp.abc import AbstractResolver, ResolveResult

# Every one of them means this machine, or a network behind it, to one parser or another.
HOSTS = (
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.0.0.1.",
    "127.255.255.254",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "0X7F.0.0.1",
    "127.0.0.0x1",
    "127.000.000.001",
    "00000177.0.0.1",
    "4294967297",
    "0",
    "0.0.0.0",  # noqa: S104 - nobody listens there
    "0.0.0.1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "tracker.localhost",
    "10.0.0.1",
    "100.64.0.1",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[100::1]",
    "[2001::1]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[2001:2::1]",
    "[2001:db8::1]",
    "[2002:7f00:1::]",
    "[3fff::1]",
    "[4000::1]",
    "[5f00::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[::1%25lo]",
    "[fec0::1]",
    "[ff02::1]",
    "[::1",
    "::1",
    "[127.0.0.1]",
    "[v1.127]",
    "\uff11\uff12\uff17.0.0.1",  # full-width digits
    "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",  # circled digits
    "127\u30020\u30020\u30021",  # ideographic full stops
    "local\u210bost",  # script capital H
    "localho\u017ft",  # long s, which a case-insensitive pattern takes for s
    "\u0661\u0662\u0667.0.0.1",  # Arabic digits
    "%31%32%37.0.0.1",
    "127.0.0.1%00.example.com",
    "example.com@127.0.0.1",
    "user:pass@127.0.0.1",
    "127.0.0.1\\@example.com",
    "127.0.0.1\t",
    " 127.0.0.1",
    "127.0.0.1\r\nHost: example.com",
    "127.0.0.1\x00",
    "-example.com",
    "example..com",
    "a" * 64 + ".example.com",
    "",
    # The same again, for the addresses that attackers want most: metadata services and routers.
    "0xA9FEA9FE",
    "2852039166",
    "0251.0376.0251.0376",
    "0xa9.0xfe.0xa9.0xfe",
    "169.254.43518",
    "[::ffff:169.254.169.254]",
    "[::169.254.169.254]",
    "[64:ff9b::169.254.169.254]",
    "[2002:a9fe:a9fe::1]",
    "[fe80::a9fe:a9fe%25eth0]",
    "[fd20:ce::254]",
    "100.100.100.200",
    "192.0.0.170",
    "0xc0a80001",
    "3232235521",
    "0300.0250.0.1",
    "127.65535",
    "127.16777215",
    "0x7f.0x0.0x0.0x1",
    "0177.0000.0000.0001",
    "0x7f000001.",
    "1.",
    "[::ffff:0x7f.1]",
    "[::ffff:2130706433]",
    "[::1.2.3.4.5]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::0:1]",
    "[::1]]",
    "[[::1]]",
    "[]",
    "127\uff0e0\uff0e0\uff0e1",  # full-width full stops
    "127\uff610\uff610\uff611",  # half-width ideographic full stops
    "\uff11\uff12\uff17\u3002\uff10\u3002\uff10\u3002\uff11",
    "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3",  # circled letters
    "local\u00adhost",  # a soft hyphen
    "127.0.0\u200b.1",  # a space without width
    "\u202e1.0.0.721",  # written from right to left
    "\uff3b::1\uff3d",  # full-width brackets
    "127%2e0%2e0%2e1",
    "%5B::1%5D",
    "127.0.0.1%2f.example.com",
    "example.com\\@127.0.0.1",
    "example.com%40127.0.0.1",
    "@127.0.0.1",
    ":@127.0.0.1",
    "127.0.0.1@",
    "user@[::1]",
    "a:b@c:d@127.0.0.1",
    "127.0.0.1 .example.com",
    "127.0.0.1;.example.com",
    "127.0.0.1,example.com",
    "{127.0.0.1}",
    "127.0.0.1|example.com",
    "metadata.localhost",
)
NAMES = {
    "rebinding.example": ("127.0.0.1",),
    "rebinding-six.example": ("::1",),
    "mapped.example": ("::ffff:127.0.0.1",),
    "mixed.example": ("93.184.216.34", "127.0.0.1"),
    "mixed-six.example": ("2606:2800:220:1::1", "fe80::1"),
    "metadata.example": ("169.254.169.254",),
    "translated.example": ("64:ff9b::a9fe:a9fe",),
    "zone.example": ("fe80::1%lo",),
    "nonsense.example": ("not an address",),
    "127.0.0.1.nip.example": ("127.0.0.1",),
    "ip6-localhost": ("::1",),
    "localhost.localdomain": ("127.0.0.1",),
    "metadata": ("169.254.169.254",),
    "metadata.google.internal": ("169.254.169.254",),
    "metadata.azure.internal": ("168.63.129.16",),
    "instance-data.ec2.internal": ("169.254.169.254",),
    "kubernetes.default.svc": ("10.96.0.1",),
    "host.docker.internal": ("172.17.0.1",),
    "gateway.docker.internal": ("192.168.65.1",),
}


@dataclass
class NameServer(AbstractResolver):
    """Answers from a table; what it does not know, the system may not be asked.

    A name that is `changing` means something else each time.
    """

    names: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(NAMES))
    changing: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host == "localhost":
            return self._results(host, port, ("127.0.0.1",))
        if host in self.changing:
            return self._results(host, port, self.changing[host].pop(0))
        if host not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return self._results(host, port, self.names[host])

    def _results(self, host: str, port: int, addresses: tuple[str, ...]) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        pass
