//! Compares the reader with Go 1.19. The expected values were printed by a small Go program: `text` as code points,
//! `flag`, `inner`, `pointer`, `list`, `map`.

use super::*;

#[derive(Debug, Default, Clone, PartialEq)]
struct Inner {
    name: String,
    size: Size,
}

impl Object for Inner {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("name") => &mut self.name,
            _ if key.is("size") => &mut self.size,
            _ => return None,
        })
    }
}

#[derive(Debug, Default, PartialEq)]
struct Outer {
    text: String,
    flag: bool,
    inner: Inner,
    pointer: Option<Inner>,
    list: List<Inner>,
    map: Map<Inner>,
}

impl Object for Outer {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("text") => &mut self.text,
            _ if key.is("flag") => &mut self.flag,
            _ if key.is("inner") => &mut self.inner,
            _ if key.is("pointer") => &mut self.pointer,
            _ if key.is("list") => &mut self.list,
            _ if key.is("map") => &mut self.map,
            _ => return None,
        })
    }
}

/// The value in the format of that program.
fn shown(bytes: &[u8]) -> String {
    let inner = |inner: &Inner| format!("{:?}/{}", inner.name, inner.size.0.unwrap_or_default());
    match read::<Outer>(bytes) {
        Err(_) => "refused".to_owned(),
        Ok(JsonValue { value, .. }) => format!(
            "{} {} {} {} [{}] {{{}}}",
            value.text.escape_unicode().to_string().replace("\\u{", "").replace('}', "."),
            value.flag,
            inner(&value.inner),
            value.pointer.as_ref().map_or_else(|| "nil".to_owned(), inner),
            value.list.0.iter().map(inner).collect::<Vec<_>>().join(","),
            value.map.0.iter().map(|(key, value)| format!("{key}={}", inner(value))).collect::<Vec<_>>().join(","),
        ),
    }
}
/// Documents and Go's values, read with `Decoder.Decode` into the same types.
const BY_GO: [(&[u8], &str); 79] = [
    (b"{\"text\":\"a\",\"TEXT\":\"b\"}", "62. false \"\"/0 nil [] {}"),
    (b"{\"TEXT\":\"b\",\"text\":\"a\"}", "61. false \"\"/0 nil [] {}"),
    (b"{\"text\":\"a\",\"text\":null}", "61. false \"\"/0 nil [] {}"),
    (b"{\"flag\":true,\"FLAG\":null}", " true \"\"/0 nil [] {}"),
    (b"{\"inner\":{\"name\":\"a\",\"size\":1},\"Inner\":{\"name\":\"b\"}}", " false \"b\"/1 nil [] {}"),
    (b"{\"inner\":{\"name\":\"a\"},\"inner\":null}", " false \"a\"/0 nil [] {}"),
    (b"{\"pointer\":{\"name\":\"a\",\"size\":1},\"pointer\":{\"size\":2}}", " false \"\"/0 \"a\"/2 [] {}"),
    (b"{\"pointer\":{\"name\":\"a\"},\"pointer\":null}", " false \"\"/0 nil [] {}"),
    (b"{\"pointer\":{}}", " false \"\"/0 \"\"/0 [] {}"),
    (
        b"{\"list\":[{\"name\":\"a\",\"size\":1},{\"name\":\"b\"}],\"LIST\":[{\"name\":\"c\"}]}",
        " false \"\"/0 nil [\"c\"/1] {}",
    ),
    (
        b"{\"list\":[{\"name\":\"a\",\"size\":1}],\"list\":[{\"size\":2},{\"size\":3}]}",
        " false \"\"/0 nil [\"a\"/2,\"\"/3] {}",
    ),
    (b"{\"list\":[{\"name\":\"a\"}],\"list\":[]}", " false \"\"/0 nil [] {}"),
    (b"{\"list\":[{\"name\":\"a\"}],\"list\":null}", " false \"\"/0 nil [] {}"),
    (b"{\"list\":[null,{\"name\":\"a\"},null]}", " false \"\"/0 nil [\"\"/0,\"a\"/0,\"\"/0] {}"),
    (b"{\"list\":[{\"name\":\"a\"}],\"list\":[null]}", " false \"\"/0 nil [\"a\"/0] {}"),
    (
        b"{\"map\":{\"k\":{\"name\":\"a\",\"size\":1},\"K\":{\"name\":\"b\"}},\"map\":{\"k\":{\"size\":2},\"l\":null}}",
        " false \"\"/0 nil [] {K=\"b\"/0,k=\"\"/2,l=\"\"/0}",
    ),
    (b"{\"map\":{\"k\":{}},\"map\":null}", " false \"\"/0 nil [] {}"),
    (b"{\"map\":{\"k\":{\"name\":\"a\",\"size\":1},\"k\":{\"size\":3}}}", " false \"\"/0 nil [] {k=\"\"/3}"),
    (b"null", " false \"\"/0 nil [] {}"),
    (b"{}", " false \"\"/0 nil [] {}"),
    (b" { } ", " false \"\"/0 nil [] {}"),
    (b"{\"text\":\"\\ud83d\"}", "fffd. false \"\"/0 nil [] {}"),
    (b"{\"text\":\"\\ud83d\\ude00\"}", "1f600. false \"\"/0 nil [] {}"),
    (b"{\"text\":\"\\ud83d\\ud83d\\ude00\"}", "fffd.1f600. false \"\"/0 nil [] {}"),
    (b"{\"text\":\"\\ude00\\ud83d\"}", "fffd.fffd. false \"\"/0 nil [] {}"),
    (b"{\"text\":\"\\ud83dx\\uDE00\"}", "fffd.78.fffd. false \"\"/0 nil [] {}"),
    (b"{\"text\":\"\\ud83d\\n\"}", "fffd.a. false \"\"/0 nil [] {}"),
    (b"{\"text\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000A\"}", "22.5c.2f.8.c.a.d.9.0.41. false \"\"/0 nil [] {}"),
    (b"{\"text\":\"a\x7f\xe2\x80\xa8\"}", "61.7f.2028. false \"\"/0 nil [] {}"),
    (b"{\"text\":\"a\x0ab\"}", "refused"),
    (b"{\"text\":\"a\x09b\"}", "refused"),
    (b"{\"text\":\"\\x\"}", "refused"),
    (b"{\"text\":\"\\u12g4\"}", "refused"),
    (b"{\"text\":\"\\u+123\"}", "refused"),
    (b"{\"text\":\"\\'\"}", "refused"),
    (b"{\"text\":\"\xe9\"}", "fffd. false \"\"/0 nil [] {}"),
    (b"{\"text\":\"\xe2\x82\"}", "fffd.fffd. false \"\"/0 nil [] {}"),
    (b"{\"text\":\"\xe2\x82x\"}", "fffd.fffd.78. false \"\"/0 nil [] {}"),
    (b"{\"text\":\"\xed\xa0\x80\"}", "fffd.fffd.fffd. false \"\"/0 nil [] {}"),
    (b"{\"text\":\"\xf0\x9f\x98\"}", "fffd.fffd.fffd. false \"\"/0 nil [] {}"),
    (b"{\"text\":\"\xc0\x80\xff\"}", "fffd.fffd.fffd. false \"\"/0 nil [] {}"),
    (b"{\"te\xe9xt\":\"a\"}", " false \"\"/0 nil [] {}"),
    (b"{\"\\u0054ext\":\"a\"}", "61. false \"\"/0 nil [] {}"),
    (b"{\"te\xc5\xbft\":\"x\",\"li\xc5\xbft\":[{\"\xc5\xbfize\":4}]}", " false \"\"/0 nil [\"\"/4] {}"),
    (b"{\"\\u017fize\":1,\"inner\":{\"\\u017fize\":9,\"SIZE\":8}}", " false \"\"/8 nil [] {}"),
    (b"{\"text\":\"a\"} xyz", "61. false \"\"/0 nil [] {}"),
    (b"{\"text\":\"a\"}{\"text\":\"b\"}", "61. false \"\"/0 nil [] {}"),
    (b"{\"text\":\"a\"", "refused"),
    (b"{\"text\":\"a\",}", "refused"),
    (b"{\"list\":[{},]}", "refused"),
    (b"{text:\"a\"}", "refused"),
    (b"{'text':'a'}", "refused"),
    (b"{\"x\":01}", "refused"),
    (b"{\"x\":-}", "refused"),
    (b"{\"x\":1.}", "refused"),
    (b"{\"x\":1e}", "refused"),
    (b"{\"x\":.5}", "refused"),
    (b"{\"x\":-0.5E+10}", " false \"\"/0 nil [] {}"),
    (b"{\"x\":+1}", "refused"),
    (b"{\"x\":NaN}", "refused"),
    (b"{\"x\":tru}", "refused"),
    (b"{\"x\":True}", "refused"),
    (b"{\"x\":[1 2]}", "refused"),
    (b"{\"x\" 1}", "refused"),
    (b"{\"x\":{\"a\":[{\"b\":[[],{}]}]},\"text\":\"z\"}", "7a. false \"\"/0 nil [] {}"),
    (b"{\"x\":1,\x0a\"text\":\"\xc3\xa9\"}", "e9. false \"\"/0 nil [] {}"),
    (b"{\"x\":\x0c1}", "refused"),
    (b"[]", "refused"),
    (b"\"a\"", "refused"),
    (b"1", "refused"),
    (b"{\"x\":[{\"a\":1},]}", "refused"),
    (b"{\"x\":{\"a\":1,}}", "refused"),
    (b"{\"x\":{,}}", "refused"),
    (b"{\"x\":[,]}", "refused"),
    (b"{\"x\":{\"a\"}}", "refused"),
    (b"{\"x\":\"\\ud800\",\"y\":\"\\q\"}", "refused"),
    (b"{\"x\":[}", "refused"),
    (b"{\"x\":{]}", "refused"),
    (b"{\"x\":nul}", "refused"),
];

#[test]
fn documents_decode_like_in_go() {
    for (document, expected) in BY_GO {
        assert_eq!(shown(document), expected, "{}", String::from_utf8_lossy(document));
    }
}

#[test]
fn deeply_nested_values_are_skipped_up_to_the_limit_of_go() {
    let deep = |open: &str, close: &str, depth: usize| {
        format!(r#"{{"x":{}1{},"text":"a"}}"#, open.repeat(depth), close.repeat(depth))
    };
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        assert_eq!(shown(deep(open, close, 9_999).as_bytes()), "61. false \"\"/0 nil [] {}");
        assert_eq!(shown(deep(open, close, 10_000).as_bytes()), "refused");
    }
}

#[test]
fn oddities_of_the_bytes_are_reported() {
    let unusual = |bytes: &[u8]| {
        let read = read::<Outer>(bytes).unwrap();
        (read.byte_order_mark, read.replaced_bytes, read.trailing_bytes)
    };
    assert_eq!(unusual(b" {} \n"), (false, false, false));
    assert_eq!(unusual(b"\xef\xbb\xbf{}"), (true, false, false));
    assert_eq!(unusual(b"{\"x\":\"\xe9\"}"), (false, true, false));
    assert_eq!(unusual(b"{}{}"), (false, false, true));
}

#[test]
fn an_error_has_a_reason_and_position() {
    let error = |json: &str| read::<Outer>(json.as_bytes()).unwrap_err().to_string();
    assert_eq!(error(""), "the document ends too early at line 1 column 1");
    assert_eq!(error("{\n \"text\": 5}"), "expected a string, found a number at line 2 column 10");
    assert_eq!(error("{\"x\": [1, ?]}"), "unexpected '?' at line 1 column 11");
    assert_eq!(error("{\"x\": \"\t\"}"), "invalid control character in a string at line 1 column 8");
}

#[test]
fn a_list_over_the_limit_is_an_error() {
    let entries = |count: usize| vec!["{}"; count].join(",");
    let read = |json: String| read::<Outer>(json.as_bytes()).map(|document| document.value.list.0.len());
    assert_eq!(read(format!("{{\"list\":[{}]}}", entries(LIST_LIMIT))), Ok(LIST_LIMIT));
    let error = read(format!("{{\"list\":[{}]}}", entries(LIST_LIMIT + 1))).unwrap_err();
    assert_eq!(error.problem, JsonProblem::TooLong { limit: LIST_LIMIT });
}

#[test]
fn text_accepts_numbers_and_a_size_any_number() {
    let read = |json: &str| (read::<JsonText>(json.as_bytes()).ok(), read::<Size>(json.as_bytes()).ok());
    let text = |json| read(json).0.map(|document| document.value.as_deref().map(str::to_owned));
    assert_eq!(text("\"x\""), Some(Some("x".to_owned())));
    assert_eq!(text("2.5"), Some(Some("2.5".to_owned())));
    assert_eq!(text("null"), Some(None));
    assert_eq!(text("{}"), None);
    let size = |json| read(json).1.map(|document| document.value.0);
    assert_eq!((size("12"), size("-3.5"), size("\"12\"")), (Some(Some(12)), Some(None), None));
}
