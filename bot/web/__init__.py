"""The HTTP surface: Slack's requests behind a gate, pushed usage, health, readiness, metrics."""

from bot.web.gate import signed
from bot.web.server import WebServer
from bot.web.surface import web_app

__all__ = ["WebServer", "signed", "web_app"]
