//! Finds passwords in arguments, which a log of CI would keep.

use super::scheme::Scheme;

/// The user name and password in a name or address, up to the `@`: `ann:secret@` of `registry://ann:secret@registry.example/app`.
/// `None` if there is no password.
#[must_use]
pub(super) fn login(argument: &str) -> Option<&str> {
    let (has_scheme, address) = argument.split_once("://").map_or((false, argument), |(_, rest)| (true, rest));
    // `registry:ann:secret@...` is another spelling of `registry://ann:secret@...`.
    let short_scheme = address.split_once(':').filter(|(word, _)| !has_scheme && Scheme::find(word).is_some());
    let address = short_scheme.map_or(address, |(_, rest)| rest);
    let authority = address.split('/').next().unwrap_or_default();
    let with_slash = || {
        let (user, rest) = authority.split_once(':').filter(|_| has_scheme)?;
        // `registry.example:5000/app` and `[::1]:5000/app` begin with a host and a port.
        let is_host = user.starts_with('[') || rest.bytes().all(|byte| byte.is_ascii_digit());
        address.rfind('@').filter(|end| !is_host && address[*end..].contains('/'))
    };
    let end = authority.rfind('@').or_else(with_slash)?;
    let host = address[end + 1..].split('/').next().unwrap_or_default();
    // `docker-archive:x.tar@0` is the first image of a file, and `app:1@sha256:...` an image by its digest.
    let is_host = has_scheme || host.contains(['.', ':']) || host == "localhost";
    let is_part_of_name = short_scheme.is_some() && !address[end..].contains('/');
    let is_digest = host.split_once(':').is_some_and(|(_, digits)| digits.len() >= 32);
    (address[..end].contains(':') && is_host && !is_part_of_name && !is_digest).then(|| &address[..=end])
}

/// The argument with `...` in place of a user name and password.
#[must_use]
pub fn without_login(argument: &str) -> String {
    login(argument).map_or_else(|| argument.to_owned(), |login| argument.replacen(login, "...@", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_told_from_tags_and_ports() {
        for (argument, found) in [
            ("registry://ann:secret@registry.example:5000/app:1", Some("ann:secret@")),
            ("ann:secret@registry.example/app", Some("ann:secret@")),
            ("https://ann:se@cret@registry.example", Some("ann:se@cret@")),
            ("https://:secret@registry.example/", Some(":secret@")),
            ("ann:secret@localhost/app", Some("ann:secret@")),
            ("registry:ann:secret@registry.example/app", Some("ann:secret@")),
            ("registry://AWS:se/cr/et=@registry.example/app:1", Some("AWS:se/cr/et=@")),
            ("registry://[::1]:5000/a@b/c", None),
            ("registry://registry.example:5000/a@b/c", None),
            ("registry://registry.example/app:1@2/x", None),
            ("docker-archive:x.tar:1@2.5", None),
            ("docker-archive:///tmp/a:b@c/x.tar", None),
            ("docker://registry.example:5000/app:1", None),
            ("registry.example:5000/app:1@sha256:0f", None),
            ("app:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", None),
            ("ssh://ann@machine/run/docker.sock", None),
            ("images/ann:1@2.tar", None),
            ("docker-archive:x.tar@0", None),
            ("oci:x.d@1.d/y", None),
        ] {
            assert_eq!(login(argument), found, "{argument}");
        }
    }
}
