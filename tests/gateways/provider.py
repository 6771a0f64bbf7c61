"""The provider behind the gateway: answers like Anthropic's Messages API, always with the same usage."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.domain.money import Micros, micros
from bot.sandbox.serving import Server

MODEL = "claude-sonnet-4-5"
INPUT, OUTPUT = 20_000, 10_000
# $3 and $15 for a million, in MLflow's own price list
COST: Micros = micros("0.21")


def provider() -> Server:
    """To be started; `url` is its address, and `/v1` below it is what a gateway is given."""
    return Server(Starlette(routes=[Route("/v1/messages", _answer, methods=["POST"])]))


async def _answer(_: Request) -> JSONResponse:
    return JSONResponse(
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": MODEL,
            "content": [{"type": "text", "text": "hello"}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": INPUT, "output_tokens": OUTPUT},
        }
    )
