//! Which container a log file is of, by its path.

use std::path::Path;

use gastrolog_follow::Pairs;

/// The digits of a container's id, after the last `-` of a name under `/var/log/containers`.
const ID_BYTES: usize = 64;

/// What a path tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) uid: String,
    pub(crate) container: String,
    pub(crate) container_id: String,
    /// How often it was started before.
    pub(crate) restart: String,
}

impl Place {
    /// Of `…/NAMESPACE_POD_UID/CONTAINER/N.log`, or of the link `…/POD_NAMESPACE_CONTAINER-ID.log` to it.
    pub(crate) fn of(path: &Path) -> Option<Place> {
        if let Some(place) = Place::of_file(path) {
            return Some(place);
        }
        let link = Place::of_link(path)?;
        // What it leads to says more.
        let file = std::fs::read_link(path).ok().and_then(|to| Place::of_file(&to));
        Some(match file {
            Some(file) if file.pod == link.pod => Place { container_id: link.container_id, ..file },
            _ => link,
        })
    }

    fn of_file(path: &Path) -> Option<Place> {
        let mut parts = path.iter().rev().map(|part| part.to_str());
        let (file, container, pod) = (parts.next()??, parts.next()??, parts.next()??);
        // `0.log`, and `0.log.20261121-091420` after a rotation.
        let (restart, _) = file.split_once(".log")?;
        // Names of pods and namespaces have no `_`.
        let mut pod = pod.splitn(3, '_');
        let (namespace, name, uid) = (pod.next()?, pod.next()?, pod.next()?);
        let is_number = !restart.is_empty() && restart.bytes().all(|byte| byte.is_ascii_digit());
        let is_whole = [namespace, name, uid, container].iter().all(|part| !part.is_empty());
        (is_number && is_whole).then(|| Place {
            namespace: namespace.to_owned(),
            pod: name.to_owned(),
            uid: uid.to_owned(),
            container: container.to_owned(),
            restart: restart.to_owned(),
            container_id: String::new(),
        })
    }

    fn of_link(path: &Path) -> Option<Place> {
        let name = path.file_name()?.to_str()?.strip_suffix(".log")?;
        let mut parts = name.splitn(3, '_');
        let (pod, namespace, rest) = (parts.next()?, parts.next()?, parts.next()?);
        let (container, id) = rest.rsplit_once('-')?;
        let is_id = id.len() == ID_BYTES && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_whole = [pod, namespace, container].iter().all(|part| !part.is_empty());
        (is_id && is_whole).then(|| Place {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            container: container.to_owned(),
            container_id: id.to_owned(),
            ..Place::default()
        })
    }

    /// What is known, as attributes.
    pub(crate) fn attributes(&self) -> Pairs {
        let all = [
            ("namespace", &self.namespace),
            ("pod", &self.pod),
            ("pod_uid", &self.uid),
            ("container", &self.container),
            ("container_id", &self.container_id),
            ("restart", &self.restart),
        ];
        let known = all.into_iter().filter(|(_, value)| !value.is_empty());
        known.map(|(name, value)| (name.to_owned(), value.clone().into_bytes())).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(path: &str) -> Option<String> {
        let pairs = Place::of(Path::new(path))?.attributes();
        let pairs = pairs.iter().map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value)));
        Some(pairs.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn paths_of_the_kubelet() {
        let wanted = "namespace=shop pod=web-7d9-x2 pod_uid=0a-1b container=app restart=3";
        assert_eq!(shown("/var/log/pods/shop_web-7d9-x2_0a-1b/app/3.log").unwrap(), wanted);
        assert_eq!(shown("/var/log/pods/shop_web-7d9-x2_0a-1b/app/3.log.20261121-091420").unwrap(), wanted);
        let id = "0123456789abcdef".repeat(4);
        let link = format!("/var/log/containers/web-7d9-x2_shop_side-car-{id}.log");
        let wanted = format!("namespace=shop pod=web-7d9-x2 container=side-car container_id={id}");
        assert_eq!(shown(&link).unwrap(), wanted);
        for path in [
            "/var/log/pods/shop_web/app/0.log",
            "/var/log/pods/shop_web_1/app/x.log",
            "/var/log/syslog",
            "0.log",
            "/",
        ] {
            assert_eq!(shown(path), None, "{path}");
        }
    }

    #[test]
    fn a_link_knows_what_its_file_knows() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pods/shop_web-1_uid/app/2.log");
        let link = dir.path().join(format!("web-1_shop_app-{}.log", "a".repeat(64)));
        std::os::unix::fs::symlink(file, &link).unwrap();
        let place = Place::of(&link).unwrap();
        assert_eq!((place.uid.as_str(), place.restart.as_str()), ("uid", "2"));
        assert_eq!(place.container_id, "a".repeat(64));
    }

    proptest! {
        #[test]
        fn any_path_is_read_or_not(path in "[a-z0-9_/.-]{0,80}") {
            if let Some(place) = Place::of(Path::new(&path)) {
                prop_assert!(!place.namespace.is_empty() && !place.pod.is_empty() && !place.container.is_empty());
            }
        }
    }
}
