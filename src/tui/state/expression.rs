//! What expressions have in common, be they to filter files or to search one: smart case, as ripgrep and vim have it (case is
//! ignored until a capital letter stands in the expression), and how much memory they may take.

use regex_syntax::ast::{self, Ast};

/// The most memory that one expression takes when compiled, in bytes: `\w{9}{9}{9}` is short and asks for gigabytes.
pub(super) const MAX_COMPILED: usize = 4 << 20;

/// Whether an expression ignores case. What is no expression does; it is refused elsewhere.
pub(super) fn ignores_case(expression: &str) -> bool {
    ast::parse::Parser::new().parse(expression).is_ok_and(|ast| !names_upper_case(&ast))
}

/// Whether an upper case letter stands for itself somewhere: those of `\S` or `\p{Greek}` do not.
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
    fn only_a_capital_that_stands_for_itself_counts() {
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
