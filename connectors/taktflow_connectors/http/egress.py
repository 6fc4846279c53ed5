"""Lets requests out to the one host a connection names, and to no address that host has no business to have.

A name is resolved once per half minute, every address is checked, and the socket goes to a checked address, so that a
name that changes between check and use gains nothing (OWASP SSRF prevention cheat sheet).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias

import httpx

Address: TypeAlias = IPv4Address | IPv6Address
Resolve: TypeAlias = Callable[[str, int], Sequence[str]]

_NAT64 = ip_network("64:ff9b::/96")
_KEPT_S = 30.0


class EgressRefused(Exception):
    """The request would leave for a place the connection may not reach."""


def reachable(address: Address, *, allow_private: bool) -> bool:
    """Whether a connection may talk to ``address``.

    Link-local (the cloud's metadata service lives there), multicast and reserved addresses never are; loopback and
    company networks only with ``allow_private``.
    """
    inner = _embedded(address)
    if inner is not None:
        return reachable(inner, allow_private=allow_private)
    if address.is_loopback:
        return allow_private
    if address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved:
        return False
    return address.is_global or allow_private


def _embedded(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of ``host``, as the operating system orders them; ``OSError`` when it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedTransport(httpx.BaseTransport):
    """Sends to ``host`` alone, at addresses that are checked and then pinned; the certificate is checked for ``host``.

    Raises :class:`EgressRefused` before anything is sent.
    """

    def __init__(
        self,
        host: str,
        *,
        allow_private: bool,
        resolve: Resolve = resolved,
        inner: httpx.BaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._allow_private = allow_private
        self._resolve = resolve
        self._monotonic = monotonic
        self._kept: tuple[float, Sequence[str]] = (float("-inf"), ())
        self._inner = inner or httpx.HTTPTransport(
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=30), trust_env=False
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.raw_host.decode("ascii")
        if host != self._host:
            raise EgressRefused(f"{host} is not the host of this connection")
        failure: httpx.TransportError | None = None
        for address in self._addresses(request.url.port or {"https": 443}.get(request.url.scheme, 80)):
            try:
                return self._inner.handle_request(_pinned(request, address, host))
            except (httpx.ConnectError, httpx.ConnectTimeout) as wrong:
                failure = wrong
        self._kept = (float("-inf"), ())
        raise failure or httpx.ConnectError(f"{host} has no address")

    def _addresses(self, port: int) -> Sequence[str]:
        until, addresses = self._kept
        if self._monotonic() < until:
            return addresses
        try:
            addresses = self._resolve(self._host, port)
        except (OSError, UnicodeError) as wrong:
            raise httpx.ConnectError(f"{self._host} is not known: {wrong}") from wrong
        for text in addresses:
            if not reachable(ip_address(text.partition("%")[0]), allow_private=self._allow_private):
                raise EgressRefused(f"{self._host} is at {text}")
        self._kept = (self._monotonic() + _KEPT_S, addresses)
        return addresses

    def close(self) -> None:
        self._inner.close()


def _pinned(request: httpx.Request, address: str, host: str) -> httpx.Request:
    # The Host header was set when the request was built and still names the host.
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )
