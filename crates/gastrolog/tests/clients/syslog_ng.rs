//! syslog-ng by TCP and TLS.

use super::programs::of_syslog_ng;
use super::syslog::{LONG, check_fields, lines, message, receiver};
use super::trial::{CONNECTED, Trial, again_max, free_address, number_in, time_of};
use crate::support::Place;
use crate::support::certificates::certificates;

fn syslog_ng(with_tls: bool) {
    let Some(mut client) = of_syslog_ng("sbin/syslog-ng") else { return };
    let place = Place::new();
    let folder = certificates(&place);
    let path = folder.display();
    let input = lines(&place, |n| message(n, LONG));
    let (listen, receiver) = receiver("syslog", "tcp", with_tls.then_some(folder.as_path()));
    let (transport, tls) = if with_tls {
        let files = format!("ca-file(\"{path}/ca.pem\") cert-file(\"{path}/client.pem\")");
        ("tls", format!("tls({files} key-file(\"{path}/client.key\"))"))
    } else {
        ("tcp", String::new())
    };
    let config = format!(
        r#"@version: 3.38
options {{ log-msg-size(131072); keep-hostname(yes); stats-freq(0); frac-digits(3); time-reopen(1); }};
source s {{ file("{}" follow-freq(0.2) flags(syslog-protocol)); }};
destination d {{ syslog("localhost" transport("{transport}") port({}) throttle(250) {tls}); }};
log {{ source(s); destination(d); }};
"#,
        input.display(),
        listen.port()
    );
    let config = place.beside("syslog-ng.conf", config.as_bytes());
    let mut trial = Trial::at(place, free_address(), &receiver);
    let modules = client.get_envs().find(|(name, _)| *name == "SYSLOGNG_PREFIX").and_then(|(_, value)| value);
    let modules = format!("{}/lib/syslog-ng/3.38", modules.unwrap().display());
    client.args(["--foreground", "--no-caps", &format!("--module-path={modules}"), "--cfgfile"]).arg(config);
    for (option, file) in [("--persist-file", "persist"), ("--pidfile", "pid"), ("--control", "control")] {
        client.arg(option).arg(folder.join(file));
    }
    trial.watch(client, CONNECTED, number_in("message"));
    trial.stop();
    check_fields(&trial, LONG, again_max(CONNECTED), |n, record| {
        record["_time"] == time_of(n) && record["hostname"] == "h" && !record["meta.sequenceId"].is_null()
    });
}

#[test]
fn by_tcp() {
    syslog_ng(false);
}

#[test]
fn by_tls_with_certificates_on_both_sides() {
    syslog_ng(true);
}
