"""Reading what a request carries."""

from starlette.requests import Request


async def read_body(request: Request, most: int) -> bytes | None:
    """The body, or None when it has over `most` bytes; read no further than that."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
