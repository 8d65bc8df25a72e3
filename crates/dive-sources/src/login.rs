//! Finds passwords in arguments, which a log of CI would keep.

/// The user name and password in a name or address, up to the `@`: `ann:secret@` of `registry://ann:secret@registry.example/app`.
/// `None` if there is no password.
#[must_use]
pub fn login(argument: &str) -> Option<&str> {
    let address = argument.split_once("://").map_or(argument, |(_, rest)| rest);
    let authority = address.split('/').next().unwrap_or_default();
    let (login, host) = authority.rsplit_once('@')?;
    // `app:1@sha256:...` is an image by its digest.
    let is_digest = host.split_once(':').is_some_and(|(_, digits)| digits.len() >= 32);
    (login.contains(':') && !is_digest).then(|| &authority[..=login.len()])
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
        ] {
            assert_eq!(login(argument), found, "{argument}");
        }
    }
}
