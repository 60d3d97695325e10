//! Reading: what may be concluded from several regions, and what the loss sheet asks besides.

use super::server::{Act, DATE, Server, error, http, ok};
use super::{SIGNINGS, at, instance, of, order};
use cleanslate::cloud::wire::call::Signing;
use cleanslate::cloud::{Answer, Cloud as _, CloudError};

const NONE: &str = r#"{"Response":{"InstanceSet":[],"RequestId":"r"}}"#;
const HERE: &str = r#"{"Response":{"InstanceSet":[{"InstanceId":"ins-r8hr2upy"}],"RequestId":"r"}}"#;
const OTHER: &str = r#"{"Response":{"InstanceSet":[{"InstanceId":"ins-aaaaaaaa"}],"RequestId":"r"}}"#;

/// What a look finds, or why it finds nothing, in words.
async fn look(guangzhou: Act, beijing: Act) -> Result<Option<String>, String> {
    let server = Server::start(move |request| match request.common("Region").as_deref() {
        Some("ap-guangzhou") => guangzhou.clone(),
        Some(_) | None => beijing.clone(),
    });
    let mut all = Vec::new();
    for signing in SIGNINGS {
        let found = of(signing, &server).describe(&instance()).await;
        all.push(found.map(|found| found.value.map(|it| it.region)).map_err(|why| why.to_string()));
    }
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    all.remove(0)
}

#[tokio::test]
async fn an_instance_is_missing_only_where_every_region_says_so() {
    assert_eq!(look(ok(NONE), ok(NONE)).await, Ok(None));
    assert_eq!(look(ok(NONE), ok(HERE)).await, Ok(Some("ap-beijing".to_owned())));
    assert_eq!(look(ok(HERE), ok(NONE)).await, Ok(Some("ap-guangzhou".to_owned())));
    assert_eq!(look(error("InternalError"), ok(HERE)).await, Ok(Some("ap-beijing".to_owned())));
    let words = [
        look(error("InternalError"), ok(NONE)).await,
        look(ok(NONE), error("InternalError")).await,
        look(error("InternalError"), error("InternalError")).await,
        look(error("InternalError"), error("AuthFailure")).await,
        look(ok(OTHER), ok(NONE)).await,
        look(ok(r#"{"Response":{"RequestId":"r"}}"#), ok(NONE)).await,
        look(ok(NONE), ok(r#"{"code":4100,"codeDesc":"AuthFailure","message":"no"}"#)).await,
    ];
    insta::assert_snapshot!(words.map(Result::unwrap_err).join("\n"), @"
    not in ap-beijing; could not ask ap-guangzhou: Tencent Cloud answered InternalError: no
    not in ap-guangzhou; could not ask ap-beijing: Tencent Cloud answered InternalError: no
    could not ask ap-guangzhou, ap-beijing: Tencent Cloud answered InternalError: no
    could not ask ap-guangzhou: Tencent Cloud answered InternalError: no; could not ask ap-beijing: Tencent Cloud answered AuthFailure: no
    not in ap-beijing; could not ask ap-guangzhou: Tencent Cloud gave no clear answer (the answer was about another instance)
    not in ap-beijing; could not ask ap-guangzhou: Tencent Cloud gave no clear answer (the answer had no list in it)
    not in ap-guangzhou; could not ask ap-beijing: Tencent Cloud answered 4100: AuthFailure: no
    ");
}

/// The region that knows the instance is not waited for in a queue behind one that is silent.
#[tokio::test]
async fn a_region_that_does_not_answer_does_not_hide_the_one_that_knows() {
    assert_eq!(look(Act::Hang, ok(HERE)).await, Ok(Some("ap-beijing".to_owned())));
    assert_eq!(look(ok(HERE), Act::Hang).await, Ok(Some("ap-guangzhou".to_owned())));
}

#[tokio::test]
async fn asking_again_helps_where_one_region_may_answer_then() {
    for (code, transient) in [("InternalError", true), ("AuthFailure.SecretIdNotFound", false)] {
        let server = Server::always(error(code));
        let why = of(Signing::Tc3, &server).describe(&instance()).await.unwrap_err();
        assert_eq!(why.is_transient(), transient, "{why}");
    }
}

#[tokio::test]
async fn a_key_that_was_rotated_is_read_again_once() {
    for code in ["AuthFailure.SecretIdNotFound", "AuthFailure.SignatureFailure", "InternalError"] {
        let server = Server::start(move |request| {
            let old = [&*request.head, &String::from_utf8_lossy(&request.body)].concat().contains("reader");
            if old { error(code) } else { ok(NONE) }
        });
        let found = of(Signing::Tc3, &server).describe(&instance()).await;
        assert_eq!(found.is_ok(), code != "InternalError", "{code}");
        assert_eq!(server.seen().len(), if found.is_ok() { 4 } else { 2 }, "both regions, {code}");
    }
    let server = Server::always(error("AuthFailure.SecretIdNotFound"));
    of(Signing::Tc3, &server).describe(&instance()).await.unwrap_err();
    assert_eq!(server.seen().len(), 4, "a second refusal is the answer");
}

#[tokio::test]
async fn one_answer_without_a_date_leaves_no_date() {
    for undated in ["ap-guangzhou", "ap-beijing"] {
        let server = Server::start(move |request| {
            let answer = http("200 OK", NONE);
            let mute = request.common("Region").as_deref() == Some(undated);
            Act::Say(if mute { answer.replace(&format!("Date: {DATE}\r\n"), "") } else { answer })
        });
        let found = of(Signing::Tc3, &server).describe(&instance()).await.unwrap();
        assert_eq!(found.date, None, "{undated}");
    }
}

#[tokio::test]
async fn a_price_is_read_over_either_wire() {
    let price = r#"{"UnitPrice":0.8,"ChargeUnit":"HOUR","UnitPriceDiscount":0.66,"Discount":82}"#;
    let body = format!(r#"{{"Response":{{"Price":{{"InstancePrice":{price}}},"RequestId":"r"}}}}"#);
    for signing in SIGNINGS {
        let server = Server::always(ok(&body));
        let Answer { date, value } = of(signing, &server).price(&order()).await.unwrap();
        assert_eq!((date, value.unit.as_str()), (Some(at()), "HOUR"));
        assert_eq!(value.rate.map(|rate| rate.to_string()).as_deref(), Some("0.66"));
        let seen = server.seen().remove(0);
        assert_eq!(seen.common("Action").as_deref(), Some("InquiryPriceResetInstance"));
        assert_eq!(seen.common("Region").as_deref(), Some("ap-guangzhou"));
    }
    let silent = Server::always(ok(r#"{"Response":{"Price":null,"RequestId":"r"}}"#));
    let price = of(Signing::Tc3, &silent).price(&order()).await;
    assert_eq!(price, Err(CloudError::Unclear("the answer had no price in it".to_owned())));
}

#[tokio::test]
async fn the_newest_snapshot_is_that_of_the_disk() {
    let answer = |set: &str| ok(&format!(r#"{{"Response":{{"SnapshotSet":{set},"RequestId":"r"}}}}"#));
    let ask = async |act: Act| {
        let server = Server::always(act);
        let found = of(Signing::Tc3, &server).newest_snapshot("ap-guangzhou", "disk-r8hr2upy").await;
        (found.map(|found| found.value), server)
    };
    let one =
        r#"[{"SnapshotId":"snap-0jfkjwl1","DiskId":"disk-r8hr2upy","CreateTime":"2023-03-09 10:45:11"}]"#;
    let (found, server) = ask(answer(one)).await;
    assert_eq!(found, Ok(Some("2023-03-09T02:45:11Z".parse().unwrap())));
    let seen = server.seen().remove(0);
    assert_eq!(seen.common("Action").as_deref(), Some("DescribeSnapshots"));
    assert!(seen.header("authorization").unwrap().contains("/cbs/tc3_request"), "{}", seen.head);
    assert_eq!(ask(answer("[]")).await.0, Ok(None));
    for odd in [one.replace("upy", "uxx"), "{}".to_owned()] {
        assert!(matches!(ask(answer(&odd)).await.0, Err(CloudError::Unclear(_))), "{odd}");
    }
    assert!(matches!(ask(error("UnauthorizedOperation")).await.0, Err(CloudError::Refused { .. })));
}

#[tokio::test]
async fn the_legacy_api_is_not_asked_for_snapshots() {
    let server = Server::always(ok(r#"{"Response":{"SnapshotSet":[],"RequestId":"r"}}"#));
    let found = of(SIGNINGS[1], &server).newest_snapshot("ap-guangzhou", "disk-r8hr2upy").await;
    assert!(matches!(found, Err(CloudError::Unserved(_))), "{found:?}");
    assert!(server.seen().is_empty());
}
