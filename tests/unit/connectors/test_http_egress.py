"""Where a connection's requests may go."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

import httpx
import pytest

from taktflow_connectors.http.egress import EgressRefused, GuardedTransport, reachable

PUBLIC = "93.184.215.14"


class Wire(httpx.BaseTransport):
    """Stands for the network: notes what would have left."""

    def __init__(self, dead: Sequence[str] = ()) -> None:
        self.sent: list[httpx.Request] = []
        self._dead = dead

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host in self._dead:
            raise httpx.ConnectError("refused", request=request)
        self.sent.append(request)
        return httpx.Response(200)


def send(url: str, addresses: Sequence[str], *, allow_private: bool = False, wire: Wire | None = None) -> httpx.Request:
    wire = wire or Wire()
    guarded = GuardedTransport("erp.example", allow_private=allow_private, resolve=lambda *_: addresses, inner=wire)
    with httpx.Client(transport=guarded) as client:
        client.get(url)
    return wire.sent[-1]


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_a_public_address_is_reached(address: str) -> None:
    assert reachable(ip_address(address), allow_private=False)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "::ffff:10.0.0.1"],
)
def test_this_machine_and_the_companys_network_need_permission(address: str) -> None:
    assert not reachable(ip_address(address), allow_private=False)
    assert reachable(ip_address(address), allow_private=True)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "fe80::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "0.0.0.0",  # noqa: S104  # Nothing listens here.
        "::",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
def test_no_permission_reaches_link_local_multicast_or_reserved_addresses(address: str) -> None:
    assert not reachable(ip_address(address), allow_private=True)


def test_the_socket_goes_to_the_checked_address_while_host_and_certificate_keep_the_name() -> None:
    request = send("https://erp.example/orders", [PUBLIC])

    assert request.url.host == PUBLIC
    assert request.headers["host"] == "erp.example"
    assert request.extensions["sni_hostname"] == "erp.example"


def test_an_ipv6_address_is_pinned_too() -> None:
    assert str(send("http://erp.example:8080/x", ["2606:2800::1"]).url) == "http://[2606:2800::1]:8080/x"


def test_another_host_is_refused() -> None:
    with pytest.raises(EgressRefused):
        send("http://other.example/", [PUBLIC])


def test_one_bad_address_among_good_ones_is_refused() -> None:
    wire = Wire()

    with pytest.raises(EgressRefused):
        send("http://erp.example/", [PUBLIC, "127.0.0.1"], wire=wire)

    assert wire.sent == []


def test_a_dead_address_is_passed_over() -> None:
    request = send("http://erp.example/", ["93.184.215.13", PUBLIC], wire=Wire(dead=["93.184.215.13"]))

    assert request.url.host == PUBLIC


def test_a_name_that_changes_its_mind_within_half_a_minute_is_not_asked_again() -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    wire = Wire()
    guarded = GuardedTransport(
        "erp.example", allow_private=False, resolve=lambda *_: next(answers), inner=wire, monotonic=lambda: 0.0
    )

    with httpx.Client(transport=guarded) as client:
        client.get("http://erp.example/1")
        client.get("http://erp.example/2")

    assert [r.url.host for r in wire.sent] == [PUBLIC, PUBLIC]


def test_a_name_that_turns_private_later_is_refused_then() -> None:
    clock = iter([0.0, 0.0, 31.0, 31.0])
    answers = iter([[PUBLIC], ["10.0.0.1"]])
    guarded = GuardedTransport(
        "erp.example",
        allow_private=False,
        resolve=lambda *_: next(answers),
        inner=Wire(),
        monotonic=lambda: next(clock),
    )

    with httpx.Client(transport=guarded) as client:
        client.get("http://erp.example/1")
        with pytest.raises(EgressRefused):
            client.get("http://erp.example/2")
