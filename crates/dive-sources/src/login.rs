//! Finds passwords in arguments, which a log of CI would keep.

use super::scheme::Scheme;

/// The user name and password in a name or address, up to the `@`: `ann:secret@` of `registry://ann:secret@registry.example/app`.
/// `None` if there is no password.
#[must_use]
pub(super) fn login(argument: &str) -> Option<&str> {
    let (has_scheme, address) = argument.split_once("://").map_or((false, argument), |(_, rest)| (true, rest));
    let authority = address.split('/').next().unwrap_or_default();
    let (login, host) = authority.rsplit_once('@')?;
    let (user, _) = login.split_once(':')?;
    // `docker-archive:x.tar@0` is the first image of a file, and `app:1@sha256:...` an image by its digest.
    let is_host = has_scheme || (Scheme::find(user).is_none() && host.contains(['.', ':']));
    let is_digest = host.split_once(':').is_some_and(|(_, digits)| digits.len() >= 32);
    (is_host && !is_digest).then(|| &authority[..=login.len()])
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
