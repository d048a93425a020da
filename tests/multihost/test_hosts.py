"""The stage is what it is said to be: hosts of their own, and two versions of Python."""

from __future__ import annotations

import ipaddress
import os
import platform
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from tests.multihost.fleet import PRODUCERS, WORKERS

if TYPE_CHECKING:
    import shared_state
    from tests.multihost.fleet import Host

SERVER_PYTHON = Path("/var/lib/shared-state/python-version")


def minor(version: str) -> tuple[str, ...]:
    return tuple(version.split(".")[:2])


def test_every_host_has_an_address_of_its_own(hosts: dict[str, Host]) -> None:
    assert set(hosts) == {*PRODUCERS, *WORKERS}
    server = os.environ["SHARED_STATE_ADDRESS"].partition(":")[0]
    addresses = [socket.gethostbyname(name) for name in (server, socket.gethostname())]
    addresses += [host.address for host in hosts.values()]
    assert len(set(addresses)) == 2 + len(hosts)
    assert not any(ipaddress.ip_address(address).is_loopback for address in addresses)


def test_clients_run_another_minor_version_of_python_than_the_server(
    hosts: dict[str, Host],
) -> None:
    server = minor(SERVER_PYTHON.read_text().removeprefix("Python "))
    assert minor(platform.python_version()) != server
    assert all(minor(host.python) != server for host in hosts.values())


def test_between_hosts_the_transport_is_tcp(client: shared_state.Client) -> None:
    client.ping()
    assert client.transport == "tcp"
