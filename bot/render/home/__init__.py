"""The Home tab: what waits for somebody, where their budgets stand, and the buttons for both."""

from bot.render.home.values import AlertOnHome, Asked, Home, OnHome, Unclaimed, View
from bot.render.home.view import digest, home_view

__all__ = [
    "AlertOnHome",
    "Asked",
    "Home",
    "OnHome",
    "Unclaimed",
    "View",
    "digest",
    "home_view",
]
