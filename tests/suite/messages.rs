//! Every message of the program on one page, `snapshots/messages.snap`, so that a reviewer sees each change among its
//! neighbours.
//!
//! The page has the help of each command, then the text of each source file: the messages of `#[error]`, and all string
//! literals of several words, whether they become an error, a warning, a hint or a report. Single words, such as column
//! titles, are omitted.

use std::fmt::Write;
use std::path::Path;

use clap::CommandFactory;
use dive::cli::Cli;
use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use crate::house::{is_test, rust_files};
use crate::place::repository;

const FOLDERS: [&str; 3] = ["crates/dive-model/src", "crates/dive-sources/src", "src"];

/// The messages of one file, in source order.
#[derive(Default)]
struct Messages(Vec<String>);

impl Messages {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        Self::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn parse(text: &str) -> syn::Result<Self> {
        let mut messages = Self::default();
        messages.visit_file(&syn::parse_file(text)?);
        Ok(messages)
    }

    fn add(&mut self, text: &str) {
        if is_message(text) && !self.0.iter().any(|known| known == text) {
            self.0.push(text.to_owned());
        }
    }

    /// Macros have their own grammar, so their literals are collected from tokens, except those in attributes.
    fn add_all(&mut self, tokens: TokenStream) {
        let mut follows_hash = false;
        for token in tokens {
            let is_attribute = follows_hash;
            follows_hash = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#');
            match token {
                TokenTree::Group(_) if is_attribute => {}
                TokenTree::Group(group) => self.add_all(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                        self.add(&text.value());
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

impl Visit<'_> for Messages {
    fn visit_lit_str(&mut self, literal: &syn::LitStr) {
        self.add(&literal.value());
    }

    fn visit_macro(&mut self, invocation: &syn::Macro) {
        self.add_all(invocation.tokens.clone());
    }

    /// Of all attributes, only `#[error]` has text for users. The help shows the doc comments of the command line.
    fn visit_attribute(&mut self, attribute: &syn::Attribute) {
        if let (true, Ok(list)) = (attribute.path().is_ident("error"), attribute.meta.require_list()) {
            self.add_all(list.tokens.clone());
        }
    }

    fn visit_item_mod(&mut self, module: &syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &syn::ItemFn) {
        if !is_for_tests(&function.attrs) {
            visit::visit_item_fn(self, function);
        }
    }
}

/// True for `#[cfg(test)]`, alone or among other conditions.
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
        let condition = attribute.meta.require_list().map(|list| list.tokens.to_string());
        condition.is_ok_and(|condition| condition.split(|c: char| !c.is_alphanumeric()).any(|word| word == "test"))
    })
}

/// True if a text has a word and a space: `no layer {index}`, but neither `{name} {value}` nor `application/json`.
fn is_message(text: &str) -> bool {
    let mut depth = 0;
    let mut words = String::new();
    for letter in text.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth == 0 => words.push(letter),
            _ => {}
        }
    }
    let has_word = words.split(|c: char| !c.is_alphabetic()).any(|word| word.len() > 1);
    has_word && text.trim().contains(char::is_whitespace)
}

/// The help of `command` and its subcommands, without repeating global options.
fn write_help(page: &mut String, name: &str, command: &clap::Command) {
    // No line wrapping, whatever terminal runs the test.
    let help = command.clone().term_width(0).render_long_help().to_string();
    writeln!(page, "## {name} --help\n").unwrap();
    for line in help.lines() {
        writeln!(page, "{}", line.trim_end()).unwrap();
    }
    page.push('\n');
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        let own = below.clone().mut_args(|option| if option.is_global_set() { option.hide(true) } else { option });
        write_help(page, &format!("{name} {}", below.get_name()), &own);
    }
}

#[test]
fn every_message_is_on_one_page() {
    let mut page = String::new();
    let mut command = Cli::command();
    command.build();
    write_help(&mut page, "dive", &command);
    for path in FOLDERS.iter().flat_map(|folder| rust_files(folder)).filter(|path| !is_test(path)) {
        let messages = Messages::read(&path);
        if messages.0.is_empty() {
            continue;
        }
        let name = path.strip_prefix(repository("")).unwrap().display().to_string().replace('\\', "/");
        writeln!(page, "## {name}\n").unwrap();
        for message in messages.0 {
            writeln!(page, "- {}", message.trim_end_matches('\n').replace('\n', "\n  ")).unwrap();
        }
        page.push('\n');
    }
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("messages", page);
    });
}

#[test]
fn messages_are_found_in_every_form() {
    let code = r#"
        /// Not a message.
        #[error("{path}: a broken\
                 {digest}")]
        struct Error;
        #[cfg(all(test, unix))]
        mod tests { const TEXT: &str = "not a message"; }
        #[allow(dead_code, reason = "not a message")]
        fn f() -> String {
            let bytes = b"not a message";
            println!("{} {}", 1, { table(["no layer {}", "layer"]) });
            rows! { /// Not a message.
                    Row("in a table") }
            match kind { Kind::A => "in an arm", Kind::B => "word" }.into()
        }
    "#;
    assert_eq!(
        Messages::parse(code).unwrap().0,
        ["{path}: a broken{digest}", "no layer {}", "in a table", "in an arm"]
    );
}
