"""Addresses: every form is read, and what is printed is read as the same address."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_state_protocol.address import DEFAULT_PORT, MAX_PORT, Address

ports = st.integers(0, MAX_PORT)
hosts = st.one_of(
    st.ip_addresses().map(str),
    st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z][a-z0-9-]{0,10}){0,3}", fullmatch=True),
)
paths = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(lambda t: "/" + t)


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port"),
    [
        ("db1", "tcp", "db1", DEFAULT_PORT),
        ("db1:7000", "tcp", "db1", 7000),
        ("tcp://db1", "tcp", "db1", DEFAULT_PORT),
        ("tcp://db1:7000", "tcp", "db1", 7000),
        ("tls://db1:7000", "tls", "db1", 7000),
        ("127.0.0.1:0", "tcp", "127.0.0.1", 0),
        ("::1", "tcp", "::1", DEFAULT_PORT),
        ("[::1]", "tcp", "::1", DEFAULT_PORT),
        ("[::1]:7000", "tcp", "::1", 7000),
        ("tcp://[fe80::1%eth0]:7000", "tcp", "fe80::1%eth0", 7000),
        ("db1:65535", "tcp", "db1", 65535),
    ],
)
def test_the_forms_of_a_network_address(text: str, scheme: str, host: str, port: int) -> None:
    assert Address.parse(text) == Address(scheme, host=host, port=port)


def test_the_forms_of_other_addresses() -> None:
    assert Address.parse("unix:///run/state.sock") == Address("unix", path="/run/state.sock")
    assert Address.parse(("db1", 7000)) == Address("tcp", host="db1", port=7000)
    address = Address("tls", host="db1", port=1)
    assert Address.parse(address) is address


@given(st.sampled_from(["tcp", "tls"]), hosts, ports)
def test_a_printed_network_address_is_the_same_when_read(scheme: str, host: str, port: int) -> None:
    address = Address(scheme, host=host, port=port)
    assert Address.parse(str(address)) == address


@given(paths)
def test_a_printed_path_is_the_same_when_read(path: str) -> None:
    address = Address("unix", path=path)
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tcp://",
        ":7000",
        "tcp://:7000",
        "[]:7000",
        "[::1",
        "[::1]7000",
        "http://db1:80",
        "unix://relative/path",
        "unix://",
        "db1:port",
        "db1:-1",
        "db1:65536",
        "db1:٣",  # a digit to Python, not to a port
        "db1:²",
    ],
)
def test_what_is_no_address_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Address.parse(text)


@given(st.text(max_size=30))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = Address.parse(text)
    except ValueError:
        return
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    "text", ["localhost", "127.0.0.1", "127.8.8.8:1", "[::1]:1", "unix:///run/s", "tls://localhost"]
)
def test_only_this_host_reaches_a_loopback_address(text: str) -> None:
    assert Address.parse(text).is_loopback


@pytest.mark.parametrize("text", ["0.0.0.0", "10.0.0.1", "[::]:1", "db1", "localhost.example"])
def test_other_hosts_may_reach_any_other(text: str) -> None:
    assert not Address.parse(text).is_loopback


@given(st.ip_addresses())
def test_loopback_is_what_the_standard_library_says(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    assert Address("tcp", host=str(address)).is_loopback == address.is_loopback
