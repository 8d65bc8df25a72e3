//! A registry with token authentication: a proxy before the real registry, and a token server as Docker Hub has it
//! (distribution's token specification, with OAuth 2 for refresh tokens).

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::http::{Request, Response, base64};
use super::proxy::Proxy;

/// The credentials that the token server requires.
#[derive(Debug, Clone)]
pub(super) enum Needs {
    Nothing,
    /// Basic authentication with `user:password`.
    Password(&'static str),
    /// This refresh token.
    Refresh(&'static str),
}

pub(super) struct Tokens {
    proxy: Proxy,
    token_server: Arc<TokenServer>,
}

/// Issues and checks tokens.
struct TokenServer {
    needs: Needs,
    /// How many requests the first token is valid for. Later tokens do not expire, so that a pull can finish.
    uses: usize,
    /// The issued tokens, with the number of requests each was used for.
    shown: Mutex<HashMap<String, usize>>,
    refused: AtomicUsize,
}

/// Prefix of every token: no output of dive may contain it.
pub(super) const TOKEN: &str = "dive-test-token-";
const FIRST: &str = "dive-test-token-0";

impl Tokens {
    /// Before the registry at `HOST:PORT`, with anonymous tokens that do not expire.
    pub(super) fn before(host: &str) -> Self {
        Self::with(host, Needs::Nothing, usize::MAX)
    }

    /// Before the registry at `HOST:PORT`. The first token is valid for `uses` requests; with 0, no token is valid.
    pub(super) fn with(host: &str, needs: Needs, uses: usize) -> Self {
        let token_server =
            Arc::new(TokenServer { needs, uses, shown: Mutex::default(), refused: AtomicUsize::default() });
        let asked = Arc::clone(&token_server);
        let proxy = Proxy::with_responder(host, move |request| asked.answer(request));
        Self { proxy, token_server }
    }

    /// `HOST:PORT`.
    pub(super) fn host(&self) -> &str {
        self.proxy.address()
    }

    pub(super) fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// Number of issued tokens.
    pub(super) fn given(&self) -> usize {
        self.token_server.shown.lock().unwrap().len()
    }

    /// Number of refused token requests.
    pub(super) fn refused(&self) -> usize {
        self.token_server.refused.load(Ordering::SeqCst)
    }
}

impl TokenServer {
    fn answer(&self, request: &Request) -> Option<Response> {
        if request.head.word(1).starts_with("/token") {
            return Some(self.issue_token(request));
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
        Some(Response::new("401 Unauthorized", &headers, body))
    }

    fn issue_token(&self, request: &Request) -> Response {
        let body = String::from_utf8_lossy(&request.body);
        let may_have = match &self.needs {
            Needs::Nothing => true,
            Needs::Password(known) => request.head.get("authorization") == Some(&format!("Basic {}", base64(known))),
            Needs::Refresh(known) => {
                let has = |part: String| body.split('&').any(|pair| pair == part);
                request.head.word(0) == "POST"
                    && has("grant_type=refresh_token".to_owned())
                    && has(format!("refresh_token={known}"))
            }
        };
        let json = [("Content-Type", "application/json")];
        if !may_have {
            self.refused.fetch_add(1, Ordering::SeqCst);
            let body = r#"{"details":"incorrect username or password"}"#;
            return Response::new("401 Unauthorized", &json, body);
        }
        let mut shown = self.shown.lock().unwrap();
        let token = format!("{TOKEN}{}", shown.len());
        shown.insert(token.clone(), 0);
        let name = if request.head.word(0) == "POST" { "access_token" } else { "token" };
        Response::new("200 OK", &json, &format!(r#"{{"{name}":"{token}","expires_in":60}}"#))
    }
}
