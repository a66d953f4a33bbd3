import asyncio

from starlette.types import Message, Receive, Scope, Send

from monitor.web.protection import HEADERS, Protected


async def teapot(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": b"short and stout"})


def test_every_answer_keeps_its_own_headers_and_gets_the_protective_ones() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Protected(teapot)({"type": "http"}, receive, send))
    start, body = sent
    assert start["headers"] == [(b"x-own", b"1"), *HEADERS]
    assert body == {"type": "http.response.body", "body": b"short and stout"}


def test_the_policy_lets_nothing_in_that_it_does_not_name() -> None:
    policy = dict(HEADERS)[b"content-security-policy"].decode()
    assert policy.startswith("default-src 'none';")
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "http" not in policy
