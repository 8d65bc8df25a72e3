//! One row for each key of a configuration: its names, its field, who may set it, and what a bad value does. The spelling in a
//! file, the variable's name and the lines of `dive config` all come from a row's path.

pub(super) use super::spelling::{bare, variable};
use super::value::Field;

/// One key of a `T`: a row of its table.
#[derive(Clone)]
pub(super) struct KeyRow<T> {
    /// From the outermost key inwards, with dots: `filetree.pane-width`.
    pub(super) path: &'static str,
    /// Other paths of the same key.
    pub(super) aliases: &'static [Alias],
    /// Who may set it.
    pub(super) trust: Trust<T>,
    /// What happens to an invalid value.
    pub(super) bad_value: BadValue,
    /// Its value.
    pub(super) field: fn(&T) -> &dyn Field,
    /// Its value, mutable.
    pub(super) field_mut: fn(&mut T) -> &mut dyn Field,
}

/// Another path of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alias {
    /// Its name in dive's main branch.
    Also(&'static str),
    /// Its name in an older dive: a warning gives the new one.
    Old(&'static str),
}

/// Who may set a key. The working directory may be somebody else's repository, so its `.dive.yaml` is not trusted. Flags,
/// variables, `--config` and the files of the user's home are.
///
/// There is no default: a new key does not compile until this is decided.
#[derive(Clone, Copy)]
pub(super) enum Trust<T> {
    /// Any file: the key only changes what the screen looks like, or chooses among things the user already has.
    Anyone,
    /// In the working directory, only a value that is no weaker than the one it replaces. The function compares the
    /// configuration before and after.
    Tightens(fn(before: &T, after: &T) -> bool),
    /// In the working directory, only a file below it with this ending. The file is checked again when it is
    /// opened: no link, and no file of another program.
    NewFile(&'static str),
    /// Only the user: never the working directory.
    User,
}

impl<T> Trust<T> {
    /// The word for it in docs/configuration.md.
    #[cfg(test)]
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Tightens(_) => "stricter only",
            Self::NewFile(_) => "a new file",
            Self::User => "the user",
        }
    }
}

/// What happens to an invalid value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadValue {
    /// A warning; the previous value stays. dive starts with any value.
    Warns,
    /// An error: the key decides about a gate, and a gate must not vanish because of a typo.
    Refused,
}

/// A key of dive that does nothing here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inert {
    /// Its path.
    pub(super) path: &'static str,
    /// The reason, for a warning.
    pub(super) why: &'static str,
}

/// The keys of one kind of file.
#[derive(Clone)]
pub(super) struct Table<T: 'static> {
    /// The keys.
    pub(super) keys: Vec<KeyRow<T>>,
    /// The keys without effect.
    pub(super) inert: &'static [Inert],
    /// What happens to a rule's name outside `rules:`.
    pub(super) stray_rules: BadValue,
}

/// A row of a table: the path, who may set it, the field that holds the value, then any other names.
macro_rules! key {
    ($path:expr, $($rest:tt)+) => {
        $crate::config::table::row!($crate::config::table::BadValue::Warns, $path, $($rest)+)
    };
}

/// A row of a key that decides about a gate: a bad value is an error.
macro_rules! gate {
    ($path:expr, $($rest:tt)+) => {
        $crate::config::table::row!($crate::config::table::BadValue::Refused, $path, $($rest)+)
    };
}

macro_rules! row {
    ($bad_value:expr, $path:expr, $trust:expr, $($field:ident).+ $(, $alias:expr)* $(,)?) => {
        $crate::config::table::KeyRow {
            path: $path,
            aliases: &[$($alias),*],
            trust: $trust,
            bad_value: $bad_value,
            field: |target| &target.$($field).+,
            field_mut: |target| &mut target.$($field).+,
        }
    };
}
pub(super) use {gate, key, row};

impl<T> KeyRow<T> {
    /// The variable that sets the key.
    pub(super) fn variable(&self) -> String {
        variable(self.path)
    }

    /// The key's name of this [`bare`] spelling, if it has one.
    pub(super) fn named(&self, name: &str) -> Option<Named> {
        if bare(self.path) == name {
            return Some(Named::Now);
        }
        self.aliases.iter().find_map(|alias| match alias {
            Alias::Also(path) => (bare(path) == name).then_some(Named::Now),
            Alias::Old(path) => (bare(path) == name).then_some(Named::Formerly),
        })
    }

    /// All paths of the key.
    pub(super) fn paths(&self) -> impl Iterator<Item = &'static str> {
        let aliases = self.aliases.iter().map(|alias| match alias {
            Alias::Also(path) | Alias::Old(path) => *path,
        });
        std::iter::once(self.path).chain(aliases)
    }
}

/// Which of a key's names was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// A current one.
    Now,
    /// One of an older dive.
    Formerly,
}
