// The peer in JavaScript: Slack's own framework, which verifies the request and replies.
const { App, AwsLambdaReceiver } = require("@slack/bolt");

const receiver = new AwsLambdaReceiver({ signingSecret: process.env.CLEANSLATE_SLACK_SIGNING_SECRET });
const app = new App({
  authorize: async () => ({ botToken: "xoxb-0", botUserId: "U0", botId: "B0" }),
  receiver,
});
app.command("/reset", async ({ ack }) => ack("Usage: /reset <instance> <image> [size]"));

const started = receiver.start();
exports.handler = async (event, context) => (await started)(event, context);
