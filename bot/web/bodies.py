"""Bodies of requests, read no further than allowed."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response


async def read_body(request: Request, largest: int) -> bytes | None:
    """The whole body, or None as soon as it is too large."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > largest:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def too_large() -> Response:
    """Closed, because uvicorn would otherwise read the rest and throw it away."""
    closed = {"connection": "close"}
    return PlainTextResponse("the body is too large", status_code=413, headers=closed)
