"""The demo's world: the three doubles, the bot, people, traffic and a clock that moves."""
