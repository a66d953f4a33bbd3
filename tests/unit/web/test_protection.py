import asyncio

from starlette.types import Message, Receive, Scope, Send

from monitor.web.protection import HEADERS, LONGEST_HEADER, Protected


async def teapot(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": b"short and stout"})


def answer(headers: list[tuple[bytes, bytes]], path: bytes = b"/") -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "headers": headers, "raw_path": path, "query_string": b""}
    asyncio.run(Protected(teapot)(scope, receive, send))
    return sent


def test_every_answer_keeps_its_own_headers_and_gets_the_protective_ones() -> None:
    start, body = answer([])
    assert start["headers"] == [(b"x-own", b"1"), *HEADERS]
    assert body == {"type": "http.response.body", "body": b"short and stout"}


def test_a_header_that_is_too_long_is_refused_and_the_refusal_protected_too() -> None:
    assert answer([(b"a", b"x" * (LONGEST_HEADER - 2))])[0]["status"] == 418
    for start, _ in (answer([(b"a", b"x" * LONGEST_HEADER)]), answer([], b"/" * (LONGEST_HEADER + 1))):
        assert start["status"] == 431
        assert set(HEADERS) <= set(start["headers"])


def test_the_policy_lets_nothing_in_that_it_does_not_name() -> None:
    policy = dict(HEADERS)[b"content-security-policy"].decode()
    assert policy.startswith("default-src 'none';")
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "http" not in policy
