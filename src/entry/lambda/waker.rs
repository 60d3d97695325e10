//! Wakes the worker's function.

use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::error::DisplayErrorContext;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_types::SdkConfig;

use super::event::WAKE_UP;

/// The person waits for it, and the platform waits three seconds for everything.
const PATIENCE: Duration = Duration::from_millis(900);

/// Invokes the worker asynchronously: Lambda keeps the event, and the front does not wait for what comes of it.
pub struct Waker {
    client: Client,
    function: String,
}

impl Waker {
    /// `function` is its name or ARN.
    pub fn new(aws: &SdkConfig, function: String) -> Self {
        let timeouts = TimeoutConfig::builder().operation_timeout(PATIENCE).build();
        // The second attempt is for a connection that went stale while the function was frozen.
        let retries =
            RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(20));
        let config =
            aws_sdk_lambda::config::Builder::from(aws).timeout_config(timeouts).retry_config(retries).build();
        Self { client: Client::from_conf(config), function }
    }

    /// What is due is in the store, so a wake-up that gets lost costs a minute, and one that comes twice nothing.
    pub(super) async fn wake(&self) {
        let invoke = self.client.invoke().function_name(&self.function);
        let invoke = invoke.invocation_type(InvocationType::Event).payload(Blob::new(WAKE_UP));
        if let Err(why) = invoke.send().await {
            let error = DisplayErrorContext(&why);
            tracing::error!(%error, "The worker could not be woken; the timer wakes it within a minute");
        }
    }
}
