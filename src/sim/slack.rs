//! Slack's Web API over HTTP, as far as a bot uses it.
