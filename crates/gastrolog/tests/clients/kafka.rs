//! Kafka from librdkafka's mock cluster, which confluent-kafka brings along, plain and by TLS.

use super::programs::python;
use super::trial::{ALL, Trial, again_max, check, free_address, number_in, time_of};
use crate::support::Place;
use crate::support::certificates::certificates;

fn mock_cluster(with_tls: bool) {
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
    mock_cluster(false);
}

#[test]
fn mock_cluster_behind_tls() {
    mock_cluster(true);
}
