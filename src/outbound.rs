//! The HTTP client that everything outgoing is made with: HTTP/1.1, no proxy, no redirects, no retries, TLS by rustls
//! with ring and Mozilla's roots.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use reqwest::ClientBuilder;
use rustls::{ClientConfig, RootCertStore};

static TLS: LazyLock<ClientConfig> = LazyLock::new(|| {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring serves the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
});

/// How long a call may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    pub connect: Duration,
    /// From the first step to the last byte of the answer.
    pub total: Duration,
}

/// The common settings; what differs is added by the caller.
pub fn client(timeouts: Timeouts) -> ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(TLS.clone())
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total)
}

/// What became of a call that has no answer, without the URL: a stand-in's address may hold more than an address.
pub fn lost(error: reqwest::Error) -> String {
    let how = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the answer was lost"
    };
    format!("{how}: {}", error.without_url())
}
