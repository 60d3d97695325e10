//! Every parameter of `ResetInstance`, as it arrives over each wire.

use cleanslate::cloud::wire::call::Signing;
use cleanslate::cloud::{Cloud as _, Sent, Unwritten};
use cleanslate::domain::password::Password;
use cleanslate::domain::plan::{LoginOrder, ResetOrder, Secret, Text};
use cleanslate::domain::request::Claim;
use serde_json::Value;

use super::server::{Seen, Server, ok};
use super::{SIGNINGS, at, of, order};

const DONE: &str = r#"{"Response":{"RequestId":"r-1"}}"#;

/// What the server sees of a reset with this login, and everything else that can be asked for.
async fn seen(signing: Signing, login: LoginOrder, text: &[u8]) -> (Sent, Vec<Seen>) {
    let server = Server::always(ok(DONE));
    let client = of(signing, &server);
    let mut armed = client.arm().await.unwrap();
    let claim = Claim { token: "one-0".to_owned(), signed_at: at(), baseline: None, wire: armed.wire };
    let text = Text::of("base", text).unwrap();
    let full = ResetOrder {
        login,
        hostname: Some("web-7".to_owned()),
        security: Some(true),
        monitor: Some(false),
        automation: Some(true),
        userdata: Some(text.userdata.clone()),
        ..order()
    };
    armed.unwritten = Unwritten { password: Some(Password::of(&[7; 240])), text: Some(text) };
    (client.reset(armed, &full, &claim).await, server.seen())
}

/// The parameters that are the call's own, and begin so.
fn shown(signing: Signing, seen: &Seen, prefix: &str) -> String {
    let common = [
        "Action",
        "Language",
        "Nonce",
        "Region",
        "RequestClient",
        "SecretId",
        "Signature",
        "SignatureMethod",
        "Timestamp",
        "Token",
        "Version",
    ];
    let mut lines: Vec<String> = match signing {
        Signing::Tc3 => {
            let body: Value = serde_json::from_slice(&seen.body).unwrap();
            body.as_object().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect()
        }
        Signing::V1(_) => {
            let own = seen.parameters().into_iter().filter(|(name, _)| !common.contains(&&**name));
            own.map(|(name, value)| format!("{name}={value}")).collect()
        }
    };
    lines.retain(|line| line.starts_with(prefix));
    lines.join("\n")
}

fn vault() -> LoginOrder {
    LoginOrder::Vault(Secret { name: "login/one".to_owned(), read: "cat login/one".to_owned() })
}

#[tokio::test]
async fn every_parameter_arrives_over_every_wire() {
    let mut all = Vec::new();
    for signing in &SIGNINGS[..2] {
        let (sent, seen) = seen(*signing, vault(), b"#!/bin/sh\n").await;
        assert_eq!(sent, Sent::Accepted { request_id: "r-1".to_owned() });
        all.push(shown(*signing, &seen[0], ""));
    }
    insta::assert_snapshot!(all.join("\n\n"), @r#"
    EnhancedService={"AutomationService":{"Enabled":true},"MonitorService":{"Enabled":false},"SecurityService":{"Enabled":true}}
    HostName="web-7"
    ImageId="img-pmqg1cw7"
    InstanceId="ins-r8hr2upy"
    LoginSettings={"Password":"Qkk9kkkqkkQ#kkkk"}
    SystemDisk={"DiskSize":60}
    UserData="IyEvYmluL3NoCg=="

    EnhancedService.AutomationService.Enabled=TRUE
    EnhancedService.MonitorService.Enabled=FALSE
    EnhancedService.SecurityService.Enabled=TRUE
    HostName=web-7
    ImageId=img-pmqg1cw7
    InstanceId=ins-r8hr2upy
    LoginSettings.Password=Qkk9kkkqkkQ#kkkk
    SystemDisk.DiskSize=60
    UserData=IyEvYmluL3NoCg==
    "#);
}

#[tokio::test]
async fn a_login_is_one_choice_over_every_wire() {
    let keys = ["skey-8xk2p1qa", "skey-spare001"].map(|key| key.parse().unwrap()).to_vec();
    let mut all = Vec::new();
    for login in [LoginOrder::Keys(keys), LoginOrder::KeepImage, LoginOrder::Random] {
        for signing in &SIGNINGS[..2] {
            let (_, seen) = seen(*signing, login.clone(), b"#!/bin/sh\n").await;
            let login = shown(*signing, &seen[0], "LoginSettings");
            all.push(format!("{:?}: {login:?}", signing.wire()));
        }
    }
    insta::assert_snapshot!(all.join("\n"), @r#"
    V3: "LoginSettings={\"KeyIds\":[\"skey-8xk2p1qa\",\"skey-spare001\"]}"
    V2: "LoginSettings.KeyIds.0=skey-8xk2p1qa\nLoginSettings.KeyIds.1=skey-spare001"
    V3: "LoginSettings={\"KeepImageLogin\":\"TRUE\"}"
    V2: "LoginSettings.KeepImageLogin=TRUE"
    V3: ""
    V2: ""
    "#);
}

#[tokio::test]
async fn a_text_that_one_address_cannot_hold_is_not_sent() {
    // The worst there is: Base64 that has to be escaped throughout.
    let worst = vec![0xff; 16 * 1024];
    for signing in SIGNINGS {
        let (sent, seen) = seen(signing, LoginOrder::Random, &worst).await;
        match (signing, sent) {
            (Signing::Tc3, Sent::Accepted { .. }) => assert_eq!(seen.len(), 1),
            (Signing::V1(_), Sent::Failed(failure)) => {
                assert!(failure.code == "NotSent" && failure.message.contains("32 KB"), "{failure:?}");
                assert!(seen.is_empty());
            }
            (signing, sent) => panic!("{signing:?}: {sent:?}"),
        }
        let (sent, _) = seen_plain(signing).await;
        assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    }
}

/// As much text as is taken, of a script.
async fn seen_plain(signing: Signing) -> (Sent, Vec<Seen>) {
    let script = "#!/bin/sh\necho hello\n".repeat(16 * 1024 / 21);
    seen(signing, LoginOrder::Random, script.as_bytes()).await
}
