"""What Slack calls: acknowledge, parse, call a flow, answer."""

from collections.abc import Callable

from slack_bolt import App, BoltContext

from bot.parts import Bot
from bot.render.overage_modal import LIVE
from handlers import (
    actions,
    commands,
    errors,
    glass,
    graces,
    home,
    increases,
    previews,
    request_forms,
    requests,
    views,
)


def register(app: App, bot: Bot) -> None:
    """One visible list of everything that Slack may call."""

    @app.middleware
    def inject(context: BoltContext, next: Callable[[], object]) -> None:  # noqa: A002 bolt's name
        """Every listener may take `bot` and `now`: one moment for each request."""
        context["bot"] = bot
        context["now"] = bot.clock()
        next()

    app.command(bot.policy.command)(commands.budget)

    app.event("app_home_opened")(home.opened)

    app.action("alert:ack")(actions.acknowledge)
    app.action("alert:planned")(actions.planned)
    app.action("alert:request")(actions.ask_for_more)
    app.action("alert:useful")(actions.useful)
    app.action("alert:noise")(actions.noise)
    app.action("alert:break_glass")(glass.pressed)
    app.action("request:open")(actions.open_request)
    app.action("request:approve")(requests.approve)
    app.action("request:deny")(requests.deny)
    app.action("request:adjust")(requests.adjust)
    app.action("request:ask")(requests.ask)
    app.action("request:answer")(requests.answer)
    app.action("request:amend")(requests.amend)
    app.action("request:withdraw")(requests.withdraw)
    app.action("exception:end")(requests.end_exception)
    app.action("limit:now")(graces.now_at_once)
    app.action("limit:hold")(graces.hold_off)
    app.action("increase:approve")(increases.approve)
    app.action("increase:deny")(increases.deny)
    for field in LIVE:
        app.action(field)(previews.show)
    app.action(actions.ANY)(actions.unknown)

    app.view("overage_request")(views.overage_request)
    app.view("overage_decision")(request_forms.decided)
    app.view("request_question")(request_forms.asked)
    app.view("request_answer")(request_forms.answered)
    app.view("break_glass")(glass.sent)
    app.view("increase_approval")(increases.approved)
    app.view("increase_denial")(increases.denied)
    app.view("alert_answer")(views.alert_answer)
    app.view(actions.ANY)(views.unknown)

    app.error(errors.answer)
