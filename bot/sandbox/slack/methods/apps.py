"""auth.test and apps.connections.open: who the tokens belong to, and the way to a socket."""

from bot.sandbox.slack.accounts import APP_ID, BOT_ID, BOT_NAME, BOT_USER, HOME_TEAM, TEAM_DOMAIN
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.methods.method import Context


def auth_test(c: Context) -> Json:
    del c
    return {
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": TEAM_DOMAIN,
        "user": BOT_NAME,
        "team_id": HOME_TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "is_enterprise_install": False,
    }


def connections_open(c: Context) -> Json:
    return {"url": c.open_socket()}
