//! The flags of the rules, one per row of `config`'s table. They are built by hand because clap's derive only reads fields.

use clap::builder::TypedValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::config::{Limit, Rule, RuleLimits};

/// The limits in the flags.
#[derive(Debug, Clone, Default)]
pub struct RuleFlags {
    given: Vec<(Rule, Limit)>,
}

impl RuleFlags {
    /// True if any flag was given.
    #[must_use]
    pub fn are_given(&self) -> bool {
        !self.given.is_empty()
    }

    /// The limits; a rule without a flag has its default.
    #[must_use]
    pub fn limits(&self) -> RuleLimits {
        RuleLimits::from_flags(self.given.iter().cloned())
    }
}

/// The rules with flags.
fn with_flags() -> impl Iterator<Item = Rule> {
    Rule::ALL.into_iter().filter(|rule| rule.row().flag().is_some())
}

/// The flag of a rule.
fn flag(rule: Rule) -> Arg {
    let row = rule.row();
    let parser = clap::builder::StringValueParser::new().try_map(move |text| rule.parse_limit(&text));
    let arg = Arg::new(row.name)
        .long(row.name)
        .alias(row.kebab_name)
        .value_name(row.default.placeholder())
        .value_parser(parser)
        .action(ArgAction::Set)
        .hide_short_help(true)
        .help(format!("{} [default: {}]", row.help, row.default));
    match row.default {
        // The flag alone is enough.
        Limit::Ban(_) => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        Limit::Ratio(_) | Limit::Bytes(_) | Limit::Count(_) | Limit::Paths(_) | Limit::Advice(_) => arg,
    }
}

impl Args for RuleFlags {
    fn augment_args(command: Command) -> Command {
        command.args(with_flags().map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for RuleFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let limit_of = |rule: Rule| Some((rule, matches.get_one::<Limit>(rule.row().name)?.clone()));
        Ok(Self { given: with_flags().filter_map(limit_of).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
