//! What the API server says of a pod.

use std::collections::BTreeMap;

use gastrolog_follow::Pairs;
use serde::Deserialize;

use crate::place::Place;

/// Labels that are kept.
const LABELS_MAX: usize = 64;
/// Of a value.
const VALUE_BYTES_MAX: usize = 256;
/// Of the name of a label: a prefix of 253 bytes, `/` and 63 bytes. One with a longer name is none.
const NAME_BYTES_MAX: usize = 317;
/// A pod that the node itself was told to run has another uid than the API server says; this annotation has that of the
/// path.
const STATIC_UID: &str = "kubernetes.io/config.hash";

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Pod {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    uid: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    owner_references: Vec<Owner>,
}

#[derive(Debug, Default, Deserialize)]
struct Owner {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    controller: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    node_name: String,
}

impl Pod {
    /// Whether it is the one whose files are at `place`, and not another of that name.
    pub(crate) fn is_at(&self, place: &Place) -> bool {
        let hash = self.metadata.annotations.get(STATIC_UID);
        place.uid.is_empty() || self.metadata.uid == place.uid || hash.is_some_and(|uid| *uid == place.uid)
    }

    /// Node, owner and labels.
    pub(crate) fn attributes(&self) -> Pairs {
        let owners = &self.metadata.owner_references;
        let owner = owners.iter().find(|owner| owner.controller).or(owners.first());
        let owner = owner.map(|owner| format!("{}/{}", owner.kind, owner.name));
        let node = Some(self.spec.node_name.clone()).filter(|node| !node.is_empty());
        let own = [("node", node), ("owner", owner)];
        let own = own.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let labels = self.metadata.labels.iter();
        let labels = labels.filter(|(name, _)| name.len() <= NAME_BYTES_MAX).take(LABELS_MAX);
        let labels = labels.map(|(name, value)| (format!("label.{name}"), value.clone()));
        own.chain(labels).map(|(name, value)| (name, cut(value))).collect()
    }
}

fn cut(value: String) -> Vec<u8> {
    let mut value = value.into_bytes();
    value.truncate(VALUE_BYTES_MAX);
    value
}
