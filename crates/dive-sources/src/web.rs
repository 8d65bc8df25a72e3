//! Recognizes web addresses that users paste from a browser, and suggests the image reference that the page is about.

/// The reference to use instead of `SCHEME://REST`; `None` if it is not a web address.
pub(super) fn suggestion(scheme: &str, rest: &str) -> Option<String> {
    let is_secure = scheme.eq_ignore_ascii_case("https");
    if !is_secure && !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let address = rest.split(['?', '#']).next().unwrap_or_default().trim_matches('/');
    let Some((host, path)) = address.split_once('/') else {
        return Some("an image in a registry is written registry://HOST/NAME[:TAG]".to_owned());
    };
    if host.eq_ignore_ascii_case("hub.docker.com") {
        let mut parts = path.split('/');
        let name = match (parts.next(), parts.next(), parts.next()) {
            (Some("_"), Some(name), _) => name.to_owned(),
            (Some("r"), Some(owner), Some(name)) => format!("{owner}/{name}"),
            _ => "NAME[:TAG]".to_owned(),
        };
        return Some(format!("an image of Docker Hub is written registry://{name}"));
    }
    let flag = if is_secure { String::new() } else { format!("--insecure-registry {host} ") };
    Some(format!("an image in that registry is written {flag}registry://{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_page_address_suggests_its_image() {
        for (address, part) in [
            ("https://hub.docker.com/_/nginx", "registry://nginx"),
            ("https://hub.docker.com/r/grafana/grafana/tags?page=1", "registry://grafana/grafana"),
            ("https://ghcr.io/team/app:1.0", "written registry://ghcr.io/team/app:1.0"),
            ("HTTP://localhost:5000/app", "--insecure-registry localhost:5000 registry://localhost:5000/app"),
            ("https://example.com", "registry://HOST/NAME"),
        ] {
            let (scheme, rest) = address.split_once("://").unwrap();
            let instead = suggestion(scheme, rest).unwrap();
            assert!(instead.ends_with(part) || instead.contains(&format!("{part}[")), "{address}: {instead}");
        }
        assert_eq!(suggestion("docker", "nginx"), None);
    }
}
