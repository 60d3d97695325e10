//! How AWS is reached: region and credentials as every SDK finds them, endpoints by `AWS_ENDPOINT_URL…`, TLS by rustls
//! with ring and Amazon's own roots, short timeouts.

use std::time::Duration;

use anyhow::{Context as _, bail};
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::ProvideCredentials as _;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_types::service_config::ServiceConfigKey;
use tokio::sync::OnceCell;
use url::{Host, Url};

/// Amazon Root CA 1 to 4 and Starfield Services G2: every AWS endpoint chains to one of them. Reading the machine's
/// own roots instead takes most of the time that making a client takes. <https://www.amazontrust.com/repository/>
const ROOTS: &str = include_str!("aws_roots.pem");

const CONNECT: Duration = Duration::from_secs(1);
/// One attempt, and all attempts of one call.
const ATTEMPT: Duration = Duration::from_secs(3);
const CALL: Duration = Duration::from_secs(8);

/// The services that are called, as the SDK names them.
const SERVICES: [&str; 3] = ["DynamoDB", "Secrets Manager", "Lambda"];

/// AWS as one process reaches it: found out when it is first needed, and once.
#[derive(Default)]
pub struct Aws(OnceCell<SdkConfig>);

impl Aws {
    /// # Errors
    /// As [`config`].
    pub async fn config(&self) -> anyhow::Result<&SdkConfig> {
        self.0.get_or_try_init(|| Box::pin(config())).await
    }
}

/// What every client of an AWS service is made from. Its connections live as long as the runtime that it is made on.
///
/// # Errors
/// When there is no region, or an endpoint that was set is neither https nor a loopback address.
pub async fn config() -> anyhow::Result<SdkConfig> {
    let roots = TrustStore::empty().with_pem_certificate(ROOTS);
    let tls = TlsContext::builder().with_trust_store(roots).build().context("TLS for AWS")?;
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build();
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).http_client(http).timeout_config(timeouts);
    // Where the environment has credentials it wins: nothing of what comes after it need be made.
    let environment = EnvironmentVariableCredentialsProvider::new();
    if environment.provide_credentials().await.is_ok() {
        loader = loader.credentials_provider(environment);
    }
    let config = Box::pin(loader.load()).await;
    if config.region().is_none() {
        bail!("no AWS region is set: set AWS_REGION");
    }
    for service in SERVICES {
        if let Some(endpoint) = endpoint(&config, service).filter(|endpoint| !is_safe(endpoint)) {
            bail!("the endpoint `{endpoint}` of {service} is neither https nor a loopback address");
        }
    }
    Ok(config)
}

/// The address that was set for a service, instead of AWS's own.
fn endpoint(config: &SdkConfig, service: &str) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .expect("every part of the key is given");
    let own = config.service_config().and_then(|settings| settings.load_config(key));
    own.or_else(|| config.endpoint_url().map(str::to_owned))
}

/// Secrets and signatures go there.
fn is_safe(endpoint: &str) -> bool {
    let Ok(url) = endpoint.parse::<Url>() else { return false };
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => name == "localhost",
        ("http", Some(Host::Ipv4(ip))) => ip.is_loopback(),
        ("http", Some(Host::Ipv6(ip))) => ip.is_loopback(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use rustls::RootCertStore;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    #[test]
    fn the_roots_are_five_that_mozilla_trusts_too() {
        let mut ours = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ROOTS.as_bytes()) {
            ours.add(certificate.unwrap()).unwrap();
        }
        assert_eq!(ours.len(), 5);
        for root in &ours.roots {
            let key = &root.subject_public_key_info;
            assert!(webpki_roots::TLS_SERVER_ROOTS.iter().any(|known| known.subject_public_key_info == *key));
        }
    }

    #[test]
    fn plain_http_is_for_loopback_alone() {
        for endpoint in [
            "https://dynamodb.eu-west-1.amazonaws.com",
            "http://127.0.0.1:8000",
            "http://[::1]:1",
            "http://localhost:1",
        ] {
            assert!(is_safe(endpoint), "{endpoint}");
        }
        for endpoint in
            ["http://dynamodb:8000", "http://10.0.0.1", "http://localhost.example", "ftp://localhost", "x"]
        {
            assert!(!is_safe(endpoint), "{endpoint}");
        }
    }
}
