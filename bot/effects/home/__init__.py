"""What somebody sees on their Home tab, put together from what is true now."""

from bot.effects.home.tabs import views

__all__ = ["views"]
