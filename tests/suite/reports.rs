//! Images of public bug reports (`reports/` of the corpus), each with what a user sees. If one of these fails, an image that
//! engines read is refused, hidden or shown wrongly here.

use crate::place::Corpus;
use crate::user::{Ran, User};

/// Opens a file of the reports without a terminal.
fn report(corpus: &Corpus, name: &str, options: &[&str]) -> Ran {
    let path = corpus.path(&format!("reports/{name}"));
    User::new().runs(&[options, &[path.as_str()]].concat())
}

/// JSON that Go reads and that the strict types of a parser refuse.
#[test]
fn documents_are_read_as_engines_read_them() {
    let Some(corpus) = Corpus::here() else { return };
    for (name, shows) in [
        ("jib2430-repoTags.tar", "2 layers"),
        ("json-cfg-uppercase.tar", "2 layers"),
        ("skopeo1287-rootfS.tar", "2 layers"),
        ("cfg-history-null-entry.tar", "2 layers"),
        ("cfg-lone-surrogate.tar", "\u{fffd}"),
    ] {
        let ran = report(&corpus, name, &[]).ends_with(0).prints(&[shows]);
        assert_eq!(ran.stderr, "", "{name}");
    }
}

#[test]
fn a_warning_says_of_docker_what_docker_does() {
    let Some(corpus) = Corpus::here() else { return };
    let utf8 = report(&corpus, "cfg-invalid-utf8.tar", &[])
        .ends_with(0)
        .says(&["bytes that are not UTF-8; they are shown as"]);
    assert!(!utf8.stderr.contains("Docker"), "Docker loads it: {}", utf8.stderr);
    report(&corpus, "json-cfg-trailing-garbage.tar", &[])
        .ends_with(0)
        .says(&["bytes follow the end of the document, which Docker refuses; they are ignored"]);
}
