"""Whose a network address is, as far as it can be told: what tries and requests are counted by."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

HOUSEHOLD = 64
"""Bits of an IPv6 address that name a network: whoever has one has all of its addresses, a fresh one for each try."""


def network(address: str) -> str:
    """Give an IPv4 address as it is, of an IPv6 address its network; what is neither is left alone.

    >>> network("2001:db8:1:2:3:4:5:6"), network("::ffff:192.0.2.7"), network("192.0.2.7"), network("-")
    ('2001:db8:1:2::', '192.0.2.7', '192.0.2.7', '-')
    """
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    rest = 128 - HOUSEHOLD
    return str(IPv6Address(int(found) >> rest << rest))
