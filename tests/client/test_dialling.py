"""The rules of dialling, followed step by step in a world of no sockets and no time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import pytest

from shared_state.dialling import PREVENTED, Dialling, Steps
from shared_state.reconnect import LONGEST_DELAY_S, delays
from shared_state.session import Session
from shared_state_protocol.address import Address
from shared_state_protocol.codec import Codec
from shared_state_protocol.errors import AuthenticationError, ProtocolError
from shared_state_protocol.wire.handshake import Welcome

TIMEOUT_S = 10.0
LANE = 3
SEED = 7

HERE, THERE, ELSEWHERE = (Address("tcp", host=each, port=50000) for each in ("a", "b", "c"))

Way = Callable[[Dialling["Connection"]], Steps["Connection"]]

each_way = pytest.mark.parametrize("way", [Dialling.dial, Dialling.redial])


def welcome(instance: bytes = b"one", *, resumed: bool = False, path: str = "") -> Welcome:
    return Welcome(1, instance, resumed, path, 1 << 20)


class Connection:
    def __init__(self, address: Address) -> None:
        self.address = address
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


Answers = Iterable[Welcome | BaseException]


class World:
    """Who answers where, and an `alarm` that may ring in a nap.

    The last answer of an address is its answer ever after. An attempt takes `effort` seconds.
    """

    def __init__(self, answers: dict[Address, Answers], *, effort: float = 0.0) -> None:
        self.answers = {address: list(each) for address, each in answers.items()}
        self.effort = effort
        self.alarm: Exception | None = None
        self.now = 0.0
        self.naps: list[float] = []
        self.tried: list[Address] = []
        self.opened: list[Connection] = []

    def follow(self, steps: Steps[Connection]) -> tuple[Connection, Welcome]:
        try:
            step = next(steps)
            while True:
                opened = None
                try:
                    if isinstance(step, Address):
                        opened = self._open(step)
                    else:
                        self._sleep(step)
                except PREVENTED as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(opened)
        except StopIteration as end:
            connection, heard = end.value
            return connection, heard
        finally:
            steps.close()

    def _sleep(self, seconds: float) -> None:
        self.now += seconds
        self.naps.append(seconds)
        if self.alarm is not None:
            raise self.alarm

    def _open(self, address: Address) -> tuple[Connection, Welcome]:
        self.now += self.effort
        self.tried.append(address)
        answers = self.answers[address]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, BaseException):
            raise answer
        self.opened.append(Connection(address))
        return self.opened[-1], answer


def session_of(*addresses: Address) -> Session:
    made = Session(addresses, b"key", TIMEOUT_S, True, 5.0, Codec())
    made.random = random.Random(SEED)
    return made


def dialling(session: Session, world: World) -> Dialling[Connection]:
    return Dialling(session, LANE, lambda: world.now)


@pytest.fixture
def near(tmp_path: Path) -> Address:
    """A Unix socket of this host, as far as anybody can see who does not connect."""
    (tmp_path / "socket").touch()
    return Address("unix", path=str(tmp_path / "socket"))


# One address, and several


@each_way
def test_whoever_answers_is_taken_at_once(way: Way) -> None:
    world, session = World({HERE: [welcome()]}), session_of(HERE)
    connection, heard = world.follow(way(dialling(session, world)))
    assert (connection.address, heard) == (HERE, welcome())
    assert (world.naps, world.tried) == ([0.0], [HERE])
    assert not connection.is_closed
    assert session.instance == b"one", "the session knows whom it has reached"


@each_way
@pytest.mark.parametrize("error", [ConnectionRefusedError(), TimeoutError()])
def test_the_next_address_stands_in_for_one_that_does_not_answer(way: Way, error: OSError) -> None:
    world = World({HERE: [error], THERE: [welcome()], ELSEWHERE: [welcome()]})
    session = session_of(HERE, THERE, ELSEWHERE)
    connection, _ = world.follow(way(dialling(session, world)))
    assert connection.address == THERE
    assert world.tried == [HERE, THERE]
    assert session.addresses() == [THERE, HERE, ELSEWHERE], "the next lane begins there"


def test_the_error_of_the_last_address_is_told() -> None:
    last = ConnectionRefusedError("the last")
    world = World({HERE: [OSError("the first")], THERE: [last]})
    with pytest.raises(ConnectionRefusedError) as told:
        world.follow(dialling(session_of(HERE, THERE), world).dial())
    assert told.value is last


def test_all_addresses_are_tried_each_time() -> None:
    refused = ConnectionRefusedError()
    world = World({HERE: [refused], THERE: [refused, refused, welcome()]})
    world.follow(dialling(session_of(HERE, THERE), world).redial())
    assert world.tried == [HERE, THERE] * 3
    assert len(world.naps) == 3


@each_way
@pytest.mark.parametrize("error", [AuthenticationError(), ProtocolError("none of ours")])
def test_a_server_that_is_the_wrong_one_ends_it(way: Way, error: Exception) -> None:
    world = World({HERE: [error], THERE: [welcome()]})
    with pytest.raises(type(error)):
        world.follow(way(dialling(session_of(HERE, THERE), world)))
    assert world.tried == [HERE]


# Again


@each_way
def test_a_server_that_hangs_up_is_asked_again(way: Way) -> None:
    world = World({HERE: [ConnectionResetError(), welcome()]})
    world.follow(way(dialling(session_of(HERE), world)))
    assert world.tried == [HERE, HERE]


def test_the_first_time_nobody_waits_for_a_server_that_is_not_there() -> None:
    world = World({HERE: [ConnectionRefusedError(), welcome()]})
    with pytest.raises(ConnectionRefusedError):
        world.follow(dialling(session_of(HERE), world).dial())
    assert world.tried == [HERE]


@pytest.mark.parametrize("error", [ConnectionRefusedError(), OSError("no route")])
def test_one_that_was_there_is_waited_for(error: OSError) -> None:
    world = World({HERE: [error, error, welcome()]})
    world.follow(dialling(session_of(HERE), world).redial())
    assert world.tried == [HERE] * 3


@each_way
def test_nothing_is_tried_again_when_the_patience_is_used_up(way: Way) -> None:
    world = World({HERE: [TimeoutError(), welcome()]})
    with pytest.raises(TimeoutError):
        world.follow(way(dialling(session_of(HERE), world)))
    assert world.tried == [HERE]


@each_way
@pytest.mark.parametrize("alarm", [TimeoutError("an alarm"), OSError("of a handler")])
def test_what_interrupts_a_nap_ends_it(way: Way, alarm: OSError) -> None:
    world = World({HERE: [welcome()]})
    world.alarm = alarm
    with pytest.raises(type(alarm)) as told:
        world.follow(way(dialling(session_of(HERE), world)))
    assert told.value is alarm
    assert (len(world.naps), world.tried) == (1, [])


def test_the_naps_are_the_jittered_delays() -> None:
    world = World({HERE: [*[ConnectionResetError()] * 5, welcome()]})
    world.follow(dialling(session_of(HERE), world).dial())
    assert world.naps == list(islice(delays(random.Random(SEED)), 6))


@pytest.mark.parametrize("effort", [0.0, 0.4])
def test_it_is_given_up_once_the_timeout_is_over(effort: float) -> None:
    world = World({HERE: [ConnectionResetError()]}, effort=effort)
    with pytest.raises(ConnectionResetError):
        world.follow(dialling(session_of(HERE), world).dial())
    assert TIMEOUT_S < world.now <= TIMEOUT_S + LONGEST_DELAY_S + effort


# The Unix socket of a server of this host


def test_the_way_by_which_the_server_was_found_is_left_for_its_unix_socket(near: Address) -> None:
    """The server knows the lane by then, so only the first welcome says whether it did before."""
    first, second = welcome(path=near.path), welcome(path=near.path, resumed=True)
    world, session = World({HERE: [first], near: [second]}), session_of(HERE)
    connection, heard = world.follow(dialling(session, world).dial())
    assert connection.address == near
    assert heard is first
    assert [each.is_closed for each in world.opened] == [True, False]
    assert session.address == HERE, "which others find it by, too"


def test_a_unix_socket_with_another_server_behind_it_is_left(near: Address) -> None:
    world = World({HERE: [welcome(path=near.path)], near: [welcome(b"another")]})
    session = session_of(HERE)
    connection, heard = world.follow(dialling(session, world).dial())
    assert connection.address == HERE
    assert (heard.instance, session.instance) == (b"one", b"one")
    assert [each.is_closed for each in world.opened] == [False, True]


@pytest.mark.parametrize(
    "error", [ConnectionRefusedError(), TimeoutError(), AuthenticationError(), ProtocolError("no")]
)
def test_nothing_is_lost_by_a_unix_socket_that_does_not_answer(
    near: Address, error: Exception
) -> None:
    world = World({HERE: [welcome(path=near.path)], near: [error]})
    connection, _ = world.follow(dialling(session_of(HERE), world).dial())
    assert connection.address == HERE
    assert world.tried == [HERE, near]
    assert not connection.is_closed


@each_way
def test_who_is_interrupted_at_the_unix_socket_leaves_no_connection(
    way: Way, near: Address
) -> None:
    world = World({HERE: [welcome(path=near.path)], near: [KeyboardInterrupt()]})
    with pytest.raises(KeyboardInterrupt):
        world.follow(way(dialling(session_of(HERE), world)))
    assert [each.is_closed for each in world.opened] == [True]


def test_a_unix_socket_that_is_known_is_tried_first(near: Address) -> None:
    world, session = World({near: [welcome(resumed=True)]}), session_of(HERE)
    session.know(welcome(path=near.path), LANE)
    connection, heard = world.follow(dialling(session, world).redial())
    assert world.tried == [near]
    assert connection.address == near
    assert heard.resumed


def test_a_server_that_comes_after_another_is_found_by_its_address(near: Address) -> None:
    """It made its Unix socket where the other had its own; by its welcome it is known."""
    after = welcome(b"after", path=near.path)
    world, session = World({HERE: [after], near: [after]}), session_of(HERE)
    session.know(welcome(b"before", path=near.path), LANE)
    connection, _ = world.follow(dialling(session, world).redial())
    assert world.tried == [near, HERE, near]
    assert [each.is_closed for each in world.opened] == [True, True, False]
    assert connection is world.opened[-1]
    assert session.instance == b"after"


def test_a_lane_resumes_once_its_server_is_known() -> None:
    world, session = World({HERE: [welcome()]}), session_of(HERE)
    assert LANE not in session._welcomed
    world.follow(dialling(session, world).dial())
    assert session._welcomed == {LANE}
