"""Answers to HEAD: what GET would say, without its body."""

from __future__ import annotations

from starlette.types import Message, Send


def without_body(send: Send) -> Send:
    """`send` for an answer that ends where a body of several pieces would begin.

    The server leaves out bodies by itself, but not the time that they take: a stream of events
    would never end, and its connection would serve nobody else. The application reads as soon as
    the answer has ended that its client has gone, and closes what it was about to send.
    """
    ended = False

    async def send_head(message: Message) -> None:
        nonlocal ended
        if ended:
            return
        if message["type"] == "http.response.body" and message.get("more_body", False):
            ended = True
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await send(message)

    return send_head
