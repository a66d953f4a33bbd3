"""The kernel's device of a BMC, by a driver that takes requests from memory as the kernel's does."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import time
from collections import deque

import pytest

from collectors._ipmi import RECEIVE, SEND, KernelController, KernelControllers


class Message(ctypes.Structure):
    """ipmi_msg."""

    _fields_ = (
        ("netfn", ctypes.c_ubyte),
        ("cmd", ctypes.c_ubyte),
        ("data_len", ctypes.c_ushort),
        ("data", ctypes.POINTER(ctypes.c_ubyte)),
    )


class Request(ctypes.Structure):
    """ipmi_req."""

    _fields_ = (
        ("addr", ctypes.POINTER(ctypes.c_ubyte)),
        ("addr_len", ctypes.c_uint),
        ("msgid", ctypes.c_long),
        ("msg", Message),
    )


class Received(ctypes.Structure):
    """ipmi_recv."""

    _fields_ = (
        ("recv_type", ctypes.c_int),
        ("addr", ctypes.POINTER(ctypes.c_ubyte)),
        ("addr_len", ctypes.c_uint),
        ("msgid", ctypes.c_long),
        ("msg", Message),
    )


class Driver:
    """Its structures are those of include/uapi/linux/ipmi.h, laid out as a C compiler does."""

    def __init__(self) -> None:
        self.ours, theirs = socket.socketpair()
        self.descriptor = theirs.detach()
        self.asked: list[tuple[int, int, bytes, bytes]] = []
        self.answers: deque[tuple[int, int, bytes]] = deque()
        """What kind of message comes, which question it answers (relative to the last), and with what."""
        self.queue: deque[tuple[int, int, bytes]] = deque()
        self.last = 0

    def ioctl(self, descriptor: int, number: int, room: bytearray) -> int:
        assert descriptor == self.descriptor
        return self.take(room) if number == SEND else self.give(number, room)

    def take(self, room: bytearray) -> int:
        assert len(room) == ctypes.sizeof(Request)
        request = Request.from_buffer(room)
        message = request.msg
        self.last = request.msgid
        data = bytes(message.data[: message.data_len])
        self.asked.append((message.netfn, message.cmd, data, bytes(request.addr[: request.addr_len])))
        while self.answers:
            kind, back, said = self.answers.popleft()
            self.push(kind, self.last + back, said)
        return 0

    def push(self, kind: int, number: int, said: bytes) -> None:
        self.queue.append((kind, number, said))
        self.ours.send(b"!")

    def give(self, number: int, room: bytearray) -> int:
        assert number == RECEIVE
        assert len(room) == ctypes.sizeof(Received)
        if not self.queue:
            raise BlockingIOError(errno.EAGAIN, "no message")
        os.read(self.descriptor, 1)
        received = Received.from_buffer(room)
        kind, answered, said = self.queue.popleft()
        assert len(said) <= received.msg.data_len
        ctypes.memmove(received.msg.data, said, len(said))
        received.recv_type, received.msgid, received.msg.data_len = kind, answered, len(said)
        return 0

    def close(self) -> None:
        self.ours.close()


@pytest.fixture
def driver() -> Driver:
    return Driver()


def test_a_question_goes_to_the_bmc_and_its_answer_comes_back(driver: Driver) -> None:
    controller = KernelController(driver.descriptor, driver.ioctl)
    driver.answers.append((1, 0, b"\x00\xdc\xd6\x00"))
    assert controller.ask(0x2C, 0x02, b"\xdc\x01\x00\x00", 5) == b"\x00\xdc\xd6\x00"
    ((function, command, data, address),) = driver.asked
    assert (function, command, data) == (0x2C, 0x02, b"\xdc\x01\x00\x00")
    kind, channel, unit = address[:4], address[4:6], address[6:]
    assert int.from_bytes(kind, "little") == 0x0C
    assert int.from_bytes(channel, "little") == 0x0F
    assert unit[0] == 0
    controller.close()
    driver.close()


def test_an_answer_that_came_too_late_is_not_taken_for_the_next_ones(driver: Driver) -> None:
    controller = KernelController(driver.descriptor, driver.ioctl)
    with pytest.raises(TimeoutError):
        controller.ask(0x2C, 0x02, b"\xdc", 0.01)
    driver.push(1, driver.last, b"\x00late")
    driver.answers.append((1, 0, b"\x00new"))
    assert controller.ask(0x2C, 0x02, b"\xdc", 5) == b"\x00new"
    controller.close()
    driver.close()


def test_an_event_between_question_and_answer_is_passed_over(driver: Driver) -> None:
    controller = KernelController(driver.descriptor, driver.ioctl)
    driver.answers += [(2, 0, b"\x99event"), (1, 0, b"\x00")]
    assert controller.ask(0x2C, 0x02, b"", 5) == b"\x00"
    controller.close()
    driver.close()


def test_a_bmc_that_sends_events_for_ever_and_no_answer_is_given_up_in_time(driver: Driver) -> None:
    controller = KernelController(driver.descriptor, driver.ioctl)
    driver.answers += [(2, 0, b"\x99")] * 20
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        controller.ask(0x2C, 0x02, b"", 0.05)
    assert time.monotonic() - began < 10
    controller.close()
    driver.close()


def test_the_numbers_of_the_calls_are_those_of_the_kernels_header() -> None:
    """Source: include/uapi/linux/ipmi.h, worked out by a C compiler on x86-64."""
    if ctypes.sizeof(ctypes.c_void_p) == 8:
        assert (SEND, RECEIVE) == (0x8028690D, 0xC030690B)


def test_a_device_that_is_not_there_is_said_by_the_kernel() -> None:
    with pytest.raises(FileNotFoundError):
        KernelControllers().open("ipmi-that-is-nowhere")
