//! Which topics of the cluster are meant.

use glob::Pattern;
use krafka::Kafka;
use krafka::admin::ListTopicsOptions;

/// The topics that are there and match one of `wanted`; those of Kafka itself are left out.
pub(crate) async fn find(kafka: &Kafka, wanted: &[String]) -> krafka::Result<Vec<String>> {
    let there = kafka.admin().list_topics(ListTopicsOptions::default()).await?;
    Ok(matching(there, wanted))
}

fn matching(there: Vec<String>, wanted: &[String]) -> Vec<String> {
    let patterns: Vec<Pattern> = wanted.iter().filter_map(|w| Pattern::new(w).ok()).collect();
    there.into_iter().filter(|topic| patterns.iter().any(|p| p.matches(topic))).collect()
}

#[cfg(test)]
mod tests {
    use super::matching;

    #[test]
    fn names_and_globs() {
        let there = ["app", "app.web", "audit", "x"].map(String::from).to_vec();
        let wanted = |topics: &[&str]| {
            matching(there.clone(), &topics.iter().map(|t| t.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(wanted(&["app"]), ["app"]);
        assert_eq!(wanted(&["app*", "x", "missing"]), ["app", "app.web", "x"]);
        assert_eq!(wanted(&["a?dit", "[x-z]"]), ["audit", "x"]);
    }
}
