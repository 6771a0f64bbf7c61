"""Anthropic's Admin API for writing: keys, rate limits, spend limits, increase requests."""

from bot.clients.anthropic_admin.deadline import Deadline
from bot.clients.anthropic_admin.errors import AdminError
from bot.clients.anthropic_admin.line import AdminLine

__all__ = ["AdminError", "AdminLine", "Deadline"]
