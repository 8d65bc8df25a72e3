//! A registry that wants tokens: the real one behind a door, and beside it the server that hands them out, as Docker Hub has
//! it (distribution's token specification, with OAuth 2 for refresh tokens).

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::http::{Answer, Request, base64};
use super::proxy::Proxy;

/// Who may have a token.
#[derive(Debug, Clone)]
pub(super) enum Needs {
    Nothing,
    /// Basic authentication with `user:password`.
    Password(&'static str),
    /// This token, exchanged for another one.
    Refresh(&'static str),
}

/// A registry that wants tokens.
pub(super) struct Tokens {
    proxy: Proxy,
    office: Arc<Office>,
}

/// Hands out tokens and looks at them.
struct Office {
    needs: Needs,
    /// How many requests the first token is good for. Others last: one that runs out as soon as it is there helps nobody.
    uses: usize,
    /// The tokens that are out, and how often each was shown.
    shown: Mutex<HashMap<String, usize>>,
    refused: AtomicUsize,
}

/// What every token begins with: no text of dive's may hold it.
pub(super) const TOKEN: &str = "dive-test-token-";
const FIRST: &str = "dive-test-token-0";

impl Tokens {
    /// Before the registry at `HOST:PORT`; everyone gets a token, and it lasts.
    pub(super) fn before(host: &str) -> Self {
        Self::with(host, Needs::Nothing, usize::MAX)
    }

    /// Before the registry at `HOST:PORT`; the first token is for `uses` requests, and if that is none, so are all.
    pub(super) fn with(host: &str, needs: Needs, uses: usize) -> Self {
        let office = Arc::new(Office { needs, uses, shown: Mutex::default(), refused: AtomicUsize::default() });
        let asked = Arc::clone(&office);
        let proxy = Proxy::with_door(host, move |request| asked.answer(request));
        Self { proxy, office }
    }

    /// `HOST:PORT`.
    pub(super) fn host(&self) -> &str {
        self.proxy.address()
    }

    pub(super) fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// How many tokens were handed out.
    pub(super) fn given(&self) -> usize {
        self.office.shown.lock().unwrap().len()
    }

    /// How often somebody was sent away from the counter.
    pub(super) fn refused(&self) -> usize {
        self.office.refused.load(Ordering::SeqCst)
    }
}

impl Office {
    fn answer(&self, request: &Request) -> Option<Answer> {
        if request.head.word(1).starts_with("/token") {
            return Some(self.hand_out(request));
        }
        let shown = request.head.get("authorization").and_then(|header| header.strip_prefix("Bearer "));
        let mut uses = self.shown.lock().unwrap();
        let is_first = shown == Some(FIRST);
        let limit = if is_first || self.uses == 0 { self.uses } else { usize::MAX };
        if let Some(count) = shown.and_then(|token| uses.get_mut(token)).filter(|count| **count < limit) {
            *count += 1;
            return None;
        }
        let error = if shown.is_some() { ",error=\"invalid_token\"" } else { "" };
        let host = request.head.get("host").unwrap();
        let repository =
            request.head.word(1).strip_prefix("/v2/").and_then(|path| path.split('/').next()).unwrap_or("");
        let challenge = format!(
            "Bearer realm=\"http://{host}/token\",service=\"dive-test\",scope=\"repository:{repository}:pull\"{error}"
        );
        let body = r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#;
        let headers = [("WWW-Authenticate", challenge.as_str()), ("Content-Type", "application/json")];
        Some(Answer::new("401 Unauthorized", &headers, body))
    }

    fn hand_out(&self, request: &Request) -> Answer {
        let body = String::from_utf8_lossy(&request.body);
        let may_have = match &self.needs {
            Needs::Nothing => true,
            Needs::Password(known) => request.head.get("authorization") == Some(&format!("Basic {}", base64(known))),
            Needs::Refresh(known) => {
                let says = |part: String| body.split('&').any(|pair| pair == part);
                request.head.word(0) == "POST"
                    && says("grant_type=refresh_token".to_owned())
                    && says(format!("refresh_token={known}"))
            }
        };
        let json = [("Content-Type", "application/json")];
        if !may_have {
            self.refused.fetch_add(1, Ordering::SeqCst);
            let body = r#"{"details":"incorrect username or password"}"#;
            return Answer::new("401 Unauthorized", &json, body);
        }
        let mut shown = self.shown.lock().unwrap();
        let token = format!("{TOKEN}{}", shown.len());
        shown.insert(token.clone(), 0);
        let name = if request.head.word(0) == "POST" { "access_token" } else { "token" };
        Answer::new("200 OK", &json, &format!(r#"{{"{name}":"{token}","expires_in":60}}"#))
    }
}
