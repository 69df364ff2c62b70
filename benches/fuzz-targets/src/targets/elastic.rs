//! Bulk requests of Elasticsearch: every document is one of the lines that came, and the answer is JSON.

use gastrolog_receiver_elastic::hostile;

use super::sound;
use crate::Target;
use crate::corpus::lines;

pub(crate) const TARGETS: &[Target] = &[Target::new("elastic_bulk", run, seeds)];

fn seeds() -> Vec<Vec<u8>> {
    let mut body = Vec::new();
    for line in lines("app.jsonl", 20) {
        body.extend(b"{\"create\":{\"_index\":\"logs-1\",\"_id\":7}}\n");
        body.extend(line);
        body.extend(b"\n{\"index\":{}}\n{\"a\":1}\n");
    }
    let odd = b"{\"delete\":{\"_id\":\"1\"}}\n\n{\"update\":{}}\n{}\n{\"index\":{\"_index\":null}}\nnot json"
        .to_vec();
    vec![body, odd, b"{\"index\":{\"_index\":\"\\ud800\"}}\n{}".to_vec()]
}

fn run(data: &[u8]) {
    let Some((batch, answer)) = hostile::records(data.to_vec()) else { return };
    assert!(batch.len() <= hostile::ACTIONS_MAX && batch.text == data);
    sound::check(&batch);
    assert!(sound::is_json(&answer), "{}", String::from_utf8_lossy(&answer));
}
