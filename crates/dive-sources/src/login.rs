//! Finds passwords in arguments, which a log of CI would keep.

use std::ops::Range;

use super::scheme::{Scheme, SourceKind};

/// The algorithms of digests. `app@sha256:...` is an image by its digest, not a host with a port.
const DIGEST_ALGORITHMS: [&str; 4] = ["sha256", "sha384", "sha512", "blake3"];

/// The user name and password in a name or address, with the `@`: `ann:secret@` of `registry://ann:secret@registry.example/app`. A user
/// name alone counts in an address, because it may be a token. `None` if there is neither.
///
/// The argument may be an option with its value: `--registry-mirror=docker.io=ann:secret@mirror.example`.
#[must_use]
pub(super) fn login(argument: &str) -> Option<Range<usize>> {
    let (scheme, address) = scheme_and_address(argument);
    let is_path = |word: &str| Scheme::find(word).is_some_and(|(found, _)| matches!(found.kind, SourceKind::Path(_)));
    if scheme.is_some_and(|scheme| is_path(scheme) || scheme.eq_ignore_ascii_case("file")) {
        return None;
    }
    let name = without_digest(address);
    let (before, after) = name.rsplit_once('@')?;
    // A password may contain a slash, so the login is not always in the part before the first.
    let head = name.split(['/', '?', '#']).next().unwrap_or_default();
    let (user_info, has_port) = match head.rsplit_once('@') {
        Some((user_info, _)) => (user_info, false),
        None => (head, head.starts_with('[') || head.split_once(':').is_some_and(|(_, port)| is_port(port))),
    };
    let mut start = argument.len().saturating_sub(address.len());
    let is_login = match (user_info.split_once(':'), scheme) {
        _ if has_port => false,
        (Some(_), Some(_)) => true,
        (Some((words, password)), None) => {
            // What precedes the user name is an option, or the registry of a mirror.
            let user = words.rsplit('=').next().unwrap_or_default();
            start = start.saturating_add(words.len()).saturating_sub(user.len());
            // `docker-archive:x.tar@0` is the first image of a file, and `C:\x.tar` a file.
            let is_file = is_path(user) || (user.len() == 1 && (password.is_empty() || password.starts_with('\\')));
            !is_file && (after.contains(['/', '.', ':']) || after == "localhost")
        }
        (None, Some(scheme)) if head.contains('@') => {
            let is_web = ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
            is_web || (Scheme::find(scheme).is_some() && after.contains('/'))
        }
        (None, _) => false,
    };
    let end = argument.len().saturating_sub(address.len()).saturating_add(before.len()).saturating_add(1);
    is_login.then_some(start..end)
}

/// The scheme before `://`, without the option before it, and the rest. `registry:ann:secret@...` is another spelling of
/// `registry://ann:secret@...`.
fn scheme_and_address(argument: &str) -> (Option<&str>, &str) {
    let is_scheme = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let last_word = |words: &str| words.rfind('=').map_or(0, |at| at.saturating_add(1));
    if let Some((words, address)) = argument.split_once("://") {
        let scheme = &words[last_word(words)..];
        return if is_scheme(scheme) { (Some(scheme), address) } else { (None, argument) };
    }
    match argument.split_once(':') {
        Some((words, address)) if address.split('@').next().is_some_and(|login| login.contains(':')) => {
            let scheme = &words[last_word(words)..];
            if Scheme::find(scheme).is_some() { (Some(scheme), address) } else { (None, argument) }
        }
        _ => (None, argument),
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn without_digest(name: &str) -> &str {
    match name.rsplit_once('@') {
        Some((name, digest)) if digest.split_once(':').is_some_and(|(word, _)| DIGEST_ALGORITHMS.contains(&word)) => {
            name
        }
        _ => name,
    }
}

/// The argument with `...` in place of a user name and password.
#[must_use]
pub fn without_login(argument: &str) -> String {
    match login(argument) {
        Some(Range { start, end }) => format!("{}...@{}", &argument[..start], &argument[end..]),
        None => argument.to_owned(),
    }
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
            ("docker://registry.example:5000/app:1@sha512:0f", None),
            ("registry://ann:secret@registry.example/app@sha256:0f", Some("ann:secret@")),
            ("ssh://ann@machine/run/docker.sock", None),
            ("images/ann:1@2.tar", None),
            ("docker-archive:x.tar@0", None),
            ("docker-archive://x.tar:a@1.d/y", None),
            ("docker-archive:///home/ann:1@work/x.tar", None),
            ("file:///home/ann:1@work/x.tar", None),
            (r"C:\images\ann@work\x.tar", None),
            ("C:/images/ann@work.d/x.tar", None),
            ("oci:x.d@1.d/y", None),
            ("layout:app@v1", None),
            ("localhost:5000/team/app@1.2", None),
            ("docker://localhost:5000/team/app@1.2", None),
            ("docker://team/app@1.2", None),
            ("docker://app@latest", None),
            ("https://hub.docker.com/_/nginx?mail=ann@home.example", None),
            // An address of IPv6 is long, like a digest.
            ("https://ann:secret@[2001:db8:85a3:8d3:1319:8a2e:370:7348]:5000/app", Some("ann:secret@")),
            (
                "https://ann:secret@registry.example/app?mail=ann:x@home.example",
                Some("ann:secret@registry.example/app?mail=ann:x@"),
            ),
            ("ann:secret@localhost/app", Some("ann:secret@")),
            ("ann:secret@machine/app", Some("ann:secret@")),
            ("ann:secret@localhost", Some("ann:secret@")),
            ("docker:secret@ghcr.io/app", Some("docker:secret@")),
            ("registry://ann:se/cret@registry.example/app", Some("ann:se/cret@")),
            ("registry://ann:se?cr#et@registry.example/app", Some("ann:se?cr#et@")),
            ("ann:se/cret@registry.example/app", Some("ann:se/cret@")),
            ("registry://ann:c2VjcmV0cw==@registry.example/app", Some("ann:c2VjcmV0cw==@")),
            ("ann:c2Vj=mV0cw==@registry.example/app", Some("ann:c2Vj=mV0cw==@")),
            ("https://ghp_secret@ghcr.io/app", Some("ghp_secret@")),
            ("https://ghp_secret@ghcr.io:5000/app", Some("ghp_secret@")),
            ("registry://ann:12345@registry.example:5000/app", Some("ann:12345@")),
            ("ann@home.example:secret@registry.example/app", Some("ann@home.example:secret@")),
            ("registry://ghp_secret@ghcr.io/app", Some("ghp_secret@")),
            ("docker.io=ann:se/cret=@mirror.example", Some("ann:se/cret=@")),
            ("docker.io=https://ann:secret@mirror.example", Some("ann:secret@")),
            ("--registry-mirror=docker.io=ann:secret=@mirror.example", Some("ann:secret=@")),
            ("--base=registry://ann:secret=@registry.example/app", Some("ann:secret=@")),
            ("--base=docker-archive:x.tar@0.1", None),
        ] {
            assert_eq!(login(argument).map(|login| &argument[login]), found, "{argument}");
        }
    }

    #[test]
    fn the_rest_of_an_argument_is_kept() {
        let argument = "--registry-mirror=docker.io=ann:secret@mirror.example/app";
        assert_eq!(without_login(argument), "--registry-mirror=docker.io=...@mirror.example/app");
        assert_eq!(without_login("docker://docker:a@a.example/app"), "docker://...@a.example/app");
    }
}
