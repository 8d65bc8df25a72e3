//! Common rules for the regular expressions of filters and searches: smart case as in ripgrep and vim (an upper-case
//! letter makes the expression case-sensitive), and a memory limit.

use regex_syntax::ast::{self, Ast};

/// Memory limit for a compiled expression, in bytes. `\w{9}{9}{9}` is short and would take gigabytes.
pub(super) const MAX_COMPILED: usize = 4 << 20;

/// True if the expression ignores case. An invalid expression is reported when it is compiled.
pub(super) fn ignores_case(expression: &str) -> bool {
    ast::parse::Parser::new().parse(expression).is_ok_and(|ast| !names_upper_case(&ast))
}

/// True if the expression has an upper-case literal. The letters of `\S` and `\p{Greek}` do not count.
pub(super) fn names_upper_case(ast: &Ast) -> bool {
    struct UpperCase(bool);
    impl UpperCase {
        fn see(&mut self, literal: &ast::Literal) {
            self.0 |= literal.c.is_uppercase();
        }
    }
    impl ast::Visitor for UpperCase {
        type Output = bool;
        type Err = ();
        fn finish(self) -> Result<bool, ()> {
            Ok(self.0)
        }
        fn visit_pre(&mut self, ast: &Ast) -> Result<(), ()> {
            if let Ast::Literal(literal) = ast {
                self.see(literal);
            }
            Ok(())
        }
        fn visit_class_set_item_pre(&mut self, item: &ast::ClassSetItem) -> Result<(), ()> {
            match item {
                ast::ClassSetItem::Literal(literal) => self.see(literal),
                ast::ClassSetItem::Range(range) => {
                    self.see(&range.start);
                    self.see(&range.end);
                }
                _ => {}
            }
            Ok(())
        }
    }
    ast::visit(ast, UpperCase(false)).unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_upper_case_literal_makes_a_search_case_sensitive() {
        for (expression, ignores) in [
            ("readme", true),
            ("Readme", false),
            (r"\S+\W", true),
            ("[a-z]", true),
            ("[A-Z]", false),
            (r"\p{Greek}", true),
        ] {
            assert_eq!(ignores_case(expression), ignores, "{expression}");
        }
    }
}
