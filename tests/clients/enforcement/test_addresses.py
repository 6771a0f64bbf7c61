"""Where a webhook may go: loopback and public addresses, private ones only when allowed."""

import socket
from collections.abc import Callable, Sequence

import pytest

from bot.clients.enforcement import Confirmed, TargetError
from bot.clients.enforcement.addresses import allowed_addresses
from bot.clients.enforcement.webhook import WebhookTarget
from bot.sandbox.gateway import Gateway

Body = Callable[..., bytes]


def resolving(*addresses: str) -> Callable[[str, int], Sequence[str]]:
    """A name service that knows one answer."""
    return lambda _host, _port: addresses


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.5",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address to refuse, not to bind
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.5",
        "64:ff9b::a00:5",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:5",
        "2002:a00:5::1",
    ],
)
def test_private(address: str) -> None:
    """An address that is not for everybody is refused for good, and the error says what to set."""
    with pytest.raises(TargetError, match="ENFORCEMENT_ALLOW_PRIVATE=1") as caught:
        allowed_addresses("gateway.example.com", 443, False, resolving(address))

    assert caught.value.permanent
    assert [address] == list(allowed_addresses("h", 443, True, resolving(address)))


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "93.184.215.14", "64:ff9b::5db8:d70e"],
)
def test_open(address: str) -> None:
    """Loopback and public addresses need no permission."""
    assert [address] == list(allowed_addresses("h", 443, False, resolving(address)))


def test_one_private_among_many() -> None:
    """One private address among the public ones refuses the name."""
    with pytest.raises(TargetError, match=r"10\.0\.0\.5"):
        allowed_addresses("h", 443, False, resolving("93.184.215.14", "10.0.0.5"))


@pytest.mark.parametrize("host", ["0x0a000005", "167772165", "10.5"])
def test_disguised(host: str, body: Body) -> None:
    """Another way to write a private address is still that address."""
    target = WebhookTarget(f"http://{host}/limits", ["whsec_c2VjcmV0c2VjcmV0c2VjcmV0"])

    with pytest.raises(TargetError, match=r"10\.0\.0\.5") as caught:
        target.send("search:8", body(8))
    target.close()

    assert caught.value.permanent


def test_unknown_name() -> None:
    """A name that cannot be looked up may be there later."""

    def fail(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror("no such host")

    with pytest.raises(TargetError, match="cannot be looked up") as caught:
        allowed_addresses("h", 443, False, fail)

    assert not caught.value.permanent


def test_connects_to_what_was_checked(gateway: Gateway, body: Body) -> None:
    """The name is looked up once, and the connection goes to the address that was checked."""
    asked: list[str] = []

    def answer_once(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    url = gateway.url.replace("127.0.0.1", "gateway.invalid")
    target = WebhookTarget(url, [gateway.secret], resolver=answer_once)
    answer = target.send("search:8", body(8))
    target.close()

    assert isinstance(answer, Confirmed)
    assert ["gateway.invalid"] == asked


def test_second_address(gateway: Gateway, body: Body) -> None:
    """When nothing listens at the first address of a name, the next one is tried."""
    target = WebhookTarget(
        gateway.url, [gateway.secret], resolver=resolving("127.0.0.2", "127.0.0.1")
    )
    answer = target.send("search:8", body(8))
    target.close()

    assert isinstance(answer, Confirmed)
