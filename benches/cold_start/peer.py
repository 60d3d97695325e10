"""The peer in Python: Slack's own framework, which verifies the request and replies."""

import os

from slack_bolt import App
from slack_bolt.adapter.aws_lambda import SlackRequestHandler
from slack_bolt.authorization import AuthorizeResult

app = App(
    signing_secret=os.environ["CLEANSLATE_SLACK_SIGNING_SECRET"],
    authorize=lambda: AuthorizeResult(enterprise_id=None, team_id="T0", bot_token="xoxb-0", bot_user_id="U0"),
    process_before_response=True,
)


@app.command("/reset")
def reset(ack):
    ack("Usage: /reset <instance> <image> [size]")


handle = SlackRequestHandler(app).handle


def handler(event, context):
    return handle(event, context)
