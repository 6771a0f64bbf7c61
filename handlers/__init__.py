"""What Slack calls: acknowledge, parse, call a flow, answer."""

from collections.abc import Callable

from slack_bolt import App, BoltContext

from bot.parts import Bot
from handlers import actions, commands, errors, views


def register(app: App, bot: Bot) -> None:
    """One visible list of everything that Slack may call."""

    @app.middleware
    def inject(context: BoltContext, next: Callable[[], object]) -> None:  # noqa: A002 bolt's name
        """Every listener may take `bot` and `now`: one moment for each request."""
        context["bot"] = bot
        context["now"] = bot.clock()
        next()

    app.command(bot.policy.command)(commands.budget)

    app.action("alert:ack")(actions.acknowledge)
    app.action("alert:planned")(actions.planned)
    app.action("alert:request")(actions.ask_for_more)
    app.action("alert:useful")(actions.useful)
    app.action("alert:noise")(actions.noise)
    app.action("request:open")(actions.open_request)
    app.action("request:approve")(actions.approve)
    app.action("request:deny")(actions.deny)
    app.action("request:withdraw")(actions.withdraw)
    app.action(actions.ANY)(actions.unknown)

    app.view("overage_request")(views.overage_request)
    app.view("overage_decision")(views.overage_decision)
    app.view("alert_answer")(views.alert_answer)
    app.view(actions.ANY)(views.unknown)

    app.error(errors.answer)
