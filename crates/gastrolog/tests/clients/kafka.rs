//! Kafka from librdkafka's mock cluster, which confluent-kafka brings along, plain and by TLS, and behind a login by SCRAM.

use super::programs::python;
use super::trial::{ALL, Trial, again_max, check, free_address, number_in, time_of};
use crate::support::Place;
use crate::support::certificates::certificates;

/// Who may read, as the script has it.
const PASSWORD: &str = "a secret, with = and ,";

fn login(mechanism: &str, password: &str) -> String {
    let mechanism = mechanism.to_lowercase();
    format!("login = {{ mechanism = \"{mechanism}\", user = \"reader\", password = \"{password}\" }}\n")
}

fn mock_cluster(with_tls: bool, mechanism: Option<&str>) {
    let Some(mut client) = python("confluent_kafka", "kafka.py") else { return };
    let (place, broker) = (Place::new(), free_address());
    client.arg(broker.port().to_string());
    let mut receiver =
        format!("[[receivers]]\nkind = \"kafka\"\nbrokers = [\"{broker}\"]\ntopics = [\"app\"]\n");
    if with_tls {
        let folder = certificates(&place);
        receiver.push_str(&format!("tls = {{ ca = {:?} }}\n", folder.join("ca.pem").display().to_string()));
        receiver = receiver.replace("127.0.0.1", "localhost");
        client.arg(folder);
    }
    if let Some(mechanism) = mechanism {
        receiver.push_str(&login(mechanism, PASSWORD));
        client.args([if with_tls { None } else { Some("-") }, Some(mechanism)].into_iter().flatten());
    }
    let mut trial = Trial::at(place, free_address(), &receiver);
    let sent = trial.run(client, ALL, |trial| trial.settle("*", number_in("header.n")));
    trial.stop();
    // A batch that was stored and not yet committed when the server was killed comes again.
    check(&trial.found("receiver=kafka topic=app"), again_max(ALL), number_in("header.n"), |n, record| {
        record["_text"] == sent[&n]
            && record["_time"] == time_of(n)
            && record["key"] == format!("k{n}")
            && !record["partition"].is_null()
            && !record["offset"].is_null()
    });
}

#[test]
fn mock_cluster_of_librdkafka() {
    mock_cluster(false, None);
}

#[test]
fn mock_cluster_behind_tls() {
    mock_cluster(true, None);
}

#[test]
fn mock_cluster_with_a_login_by_scram_sha_256() {
    mock_cluster(false, Some("SCRAM-SHA-256"));
}

#[test]
fn mock_cluster_with_a_login_by_scram_sha_512_behind_tls() {
    mock_cluster(true, Some("SCRAM-SHA-512"));
}

#[test]
fn a_wrong_password_is_said_and_nothing_is_read() {
    let Some(mut client) = python("confluent_kafka", "kafka.py") else { return };
    let broker = free_address();
    client.args([&broker.port().to_string(), "-", "SCRAM-SHA-512"]);
    let receiver = format!("[[receivers]]\nkind = \"kafka\"\nbrokers = [\"{broker}\"]\ntopics = [\"app\"]\n");
    let mut trial = Trial::new(&(receiver + &login("scram-sha-512", "another")));
    trial.run(client, &[], |trial| {
        let said = trial.place.ok(&["receivers", "--output", "json"]);
        let kafka = said.lines().find(|line| line.contains(r#""name":"kafka""#)).unwrap();
        let kafka: serde_json::Value = serde_json::from_str(kafka).unwrap();
        assert!(kafka["faults"].as_u64() > Some(0) && kafka["received"] == 0, "{kafka}");
        assert!(kafka["last_error"].as_str().unwrap().to_lowercase().contains("auth"), "{kafka}");
    });
    trial.stop();
    assert!(trial.found("*").is_empty());
}
