"""Increase requests of Claude Enterprise: found in its queue, decided once, from Slack."""

from bot.flows.increases.deciding import approve, deny
from bot.flows.increases.forms import approve_form, deny_form, limit_of, why_not
from bot.flows.increases.polling import poll

__all__ = ["approve", "approve_form", "deny", "deny_form", "limit_of", "poll", "why_not"]
