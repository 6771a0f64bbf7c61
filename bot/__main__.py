"""`python -m bot` is `budget-bot`."""

from bot.cli import main

main()
