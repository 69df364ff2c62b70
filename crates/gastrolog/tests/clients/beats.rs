//! pylogbeat, plain and with certificates on both sides.

use super::programs::python;
use super::trial::{ALL, Trial, again_max, check, free_address, number_in, time_of};
use crate::support::Place;
use crate::support::certificates::{certificates, demanded};

fn pylogbeat(with_tls: bool) {
    let Some(mut client) = python("pylogbeat", "beats.py") else { return };
    let (place, listen) = (Place::new(), free_address());
    client.arg(listen.port().to_string());
    let mut receiver = format!("[[receivers]]\nkind = \"beats\"\nlisten = \"{listen}\"\n");
    if with_tls {
        let folder = certificates(&place);
        client.arg(&folder);
        receiver.push_str(&demanded(&folder));
    }
    let mut trial = Trial::at(place, free_address(), &receiver);
    let sent = trial.run(client, ALL, |_| ());
    trial.stop();
    check(&trial.found("receiver=beats @metadata.beat=test"), again_max(ALL), number_in("n"), |n, record| {
        record["message"] == sent[&n]
            && record["_time"] == time_of(n)
            && record["host.name"] == format!("web-{}", n % 3)
            && record["peer"] == "127.0.0.1"
    });
}

#[test]
fn pylogbeat_plain() {
    pylogbeat(false);
}

#[test]
fn pylogbeat_with_certificates_on_both_sides() {
    pylogbeat(true);
}
