//! Parses the `WWW-Authenticate` header: basic authentication, or a token from a token server.

use http_auth::{ChallengeParser, ChallengeRef};

/// An authentication scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    Bearer {
        /// The URL of the token server.
        realm: String,
        service: Option<String>,
        scope: Option<String>,
    },
}

impl Challenge {
    /// Chooses a challenge from the headers; a token server is preferred, because the registry then never sees the password. The
    /// error is the unsupported challenge.
    pub(super) fn choose<'a>(headers: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut schemes = Vec::new();
        let mut basic = false;
        for header in headers {
            for challenge in ChallengeParser::new(header).map_while(Result::ok) {
                if challenge.scheme.eq_ignore_ascii_case("bearer")
                    && let Some(realm) = parameter(&challenge, "realm")
                {
                    let service = parameter(&challenge, "service");
                    return Ok(Self::Bearer { realm, service, scope: parameter(&challenge, "scope") });
                }
                basic |= challenge.scheme.eq_ignore_ascii_case("basic");
                schemes.push(challenge.scheme.to_owned());
            }
        }
        match (basic, schemes.is_empty()) {
            (true, _) => Ok(Self::Basic),
            (false, true) => Err("its response names no scheme".to_owned()),
            (false, false) => Err(format!("{}; dive supports Basic, and Bearer with a realm", schemes.join(", "))),
        }
    }
}

fn parameter(challenge: &ChallengeRef<'_>, name: &str) -> Option<String> {
    let (_, value) = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    Some(value.to_unescaped()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_of_registries_are_understood() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/alpine:pull""#;
        let bearer = Challenge::Bearer {
            realm: "https://auth.docker.io/token".to_owned(),
            service: Some("registry.docker.io".to_owned()),
            scope: Some("repository:library/alpine:pull".to_owned()),
        };
        assert_eq!(Challenge::choose([hub].into_iter()), Ok(bearer.clone()));
        assert_eq!(Challenge::choose([r#"basic realm="x""#, hub].into_iter()), Ok(bearer));
        assert_eq!(Challenge::choose([r#"Basic realm="Registry Realm""#].into_iter()), Ok(Challenge::Basic));
    }

    #[test]
    fn an_unsupported_challenge_is_quoted() {
        assert!(Challenge::choose([r#"Negotiate, Digest realm="x""#].into_iter()).unwrap_err().contains("Negotiate"));
        assert!(Challenge::choose(["Bearer error=\"x\""].into_iter()).is_err());
        assert!(Challenge::choose(std::iter::empty()).unwrap_err().contains("names no scheme"));
    }
}
