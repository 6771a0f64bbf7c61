"""Which network addresses a webhook may be sent to."""

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from bot.clients.enforcement.answers import TargetError

Resolve = Callable[[str, int], Sequence[str]]
_NAT64 = ip_network("64:ff9b::/96")  # Python calls it global, yet it reaches any IPv4 address
_LOCAL_NAT64 = ip_network("64:ff9b:1::/48")


def resolve(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


def allowed_addresses(
    host: str, port: int, allow_private: bool, resolver: Resolve = resolve
) -> Sequence[str]:
    """
    The addresses of a host, all of them checked: one private address among them refuses the host.

    The caller connects to one of these, so a name cannot change its meaning after the check.
    """
    try:
        addresses = resolver(host, port)
    except (OSError, UnicodeError) as error:
        raise TargetError(
            f"the address of {host} cannot be looked up: {error}", permanent=False
        ) from None
    if not addresses:
        raise TargetError(f"{host} has no address", permanent=False)
    for address in addresses:
        if not (allow_private or _is_open(address)):
            raise TargetError(
                f"{host} is at {address}, a private address: if it is meant, set "
                "ENFORCEMENT_ALLOW_PRIVATE=1",
                permanent=True,
            )
    return addresses


def _is_open(text: str) -> bool:
    """Loopback, or public for everybody; an address that embeds another is judged by that one."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return True
    return all(
        part.is_global and not (part.is_multicast or part.is_unspecified or part.is_reserved)
        for part in _unwrap(address)
    )


def _unwrap(address: IPv4Address | IPv6Address) -> Sequence[IPv4Address | IPv6Address]:
    if isinstance(address, IPv4Address):
        return [address]
    if address in _LOCAL_NAT64:
        return [IPv4Address(0)]
    if address in _NAT64:
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return list(address.teredo)
    return [address]
