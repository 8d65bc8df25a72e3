//! The repository of an image name: the name without tag and digest, with the registry and the namespace that engines add.

/// Limit of a name in bytes. Engines limit a name to 255 bytes, a tag to 128 and a digest to 71 (or 135).
const MAX_NAME: usize = 600;

/// The full name of the repository: `app:1` is in `docker.io/library/app`, `localhost/app` in `localhost/app`. `None` for an
/// invalid name.
#[must_use]
pub fn repository(name: &str) -> Option<String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:@+[]".contains(&byte);
    let is_valid = name.len() <= MAX_NAME && name.bytes().all(is_allowed) && !name.starts_with('-');
    if !is_valid || name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return None;
    }
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    // A `:` before the last `/` precedes a port.
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    Some(match name.split_once('/') {
        Some(("docker.io" | "index.docker.io", path)) if path.contains('/') => format!("docker.io/{path}"),
        Some(("docker.io" | "index.docker.io", path)) => format!("docker.io/library/{path}"),
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
        None => format!("docker.io/library/{name}"),
    })
}

/// [`repository`] of an image in an engine. Podman calls the local build `app` of Docker `localhost/app`. The two are one image,
/// but two names for a registry.
#[must_use]
pub fn engine_repository(name: &str) -> Option<String> {
    repository(name.strip_prefix("localhost/").unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_an_image_have_one_repository() {
        for name in
            ["app", "app:1", "docker.io/library/app:2", "index.docker.io/app", "app@sha256:00", "app:1@sha256:00"]
        {
            assert_eq!(repository(name).as_deref(), Some("docker.io/library/app"), "{name}");
        }
        for (name, full) in [
            ("me/app:1", "docker.io/me/app"),
            ("docker.io/me/app", "docker.io/me/app"),
            ("h:5000/team/app:1", "h:5000/team/app"),
            ("[::1]:5000/app", "[::1]:5000/app"),
            ("quay.io/a/b:1@sha256:00", "quay.io/a/b"),
            ("localhost/app:3", "localhost/app"),
        ] {
            assert_eq!(repository(name).as_deref(), Some(full), "{name}");
        }
        for name in ["<none>:<none>", "", "-a", "a//b", "a/../b", "a b"] {
            assert_eq!(repository(name), None, "{name}");
        }
    }

    #[test]
    fn a_local_build_of_podman_has_the_repository_of_dockers() {
        assert_eq!(engine_repository("localhost/app:3").as_deref(), Some("docker.io/library/app"));
        assert_eq!(engine_repository("localhost/team/app"), engine_repository("docker.io/team/app:1"));
    }
}
