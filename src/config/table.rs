//! One row per key of a configuration: names, field, trust, and the effect of an invalid value. The spelling in files, the
//! variable and the lines of `dive config` derive from the row's path.

pub(super) use super::spelling::{bare, variable};
use super::value::Field;

/// One key of a `T`: a row of its table.
#[derive(Clone)]
pub(super) struct KeyRow<T> {
    /// The path from the outermost key, with dots: `filetree.pane-width`.
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
    /// Its name in older versions of dive; a warning gives the new one.
    Old(&'static str),
}

/// Who may set a key. The working directory may be a stranger's repository, so its `.dive.yaml` is untrusted. Flags, variables,
/// `--config` and the files in the user's home are trusted.
///
/// There is no default: a new key does not compile without a decision.
#[derive(Clone, Copy)]
pub(super) enum Trust<T> {
    /// Any file: the key only changes the screen, or chooses among things the user already has.
    Anyone,
    /// In the working directory, only values at least as strict as the one they replace. The function compares the
    /// configuration before and after.
    Tightens(fn(before: &T, after: &T) -> bool),
    /// In the working directory, only a file below it with this ending. Opening it checks again: no link, and no file of another
    /// program.
    NewFile(&'static str),
    /// Only the user, never the working directory.
    User,
}

impl<T> Trust<T> {
    /// The word in docs/configuration.md.
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
    /// A warning; the previous value stays, and dive starts.
    Warns,
    /// An error: the key decides about a gate, which must not vanish because of a typo.
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
    /// The other kind of file, whose keys some write here.
    pub(super) other: OtherFile,
}

/// The outermost keys of another kind of file.
#[derive(Debug, Clone, Default)]
pub(super) struct OtherFile {
    /// The usual name of the file.
    pub(super) name: &'static str,
    /// The keys, in their [`bare`] spelling.
    pub(super) keys: Vec<String>,
}

/// A row: the path, the trust, the field, then any aliases.
macro_rules! key {
    ($path:expr, $($rest:tt)+) => {
        $crate::config::table::row!($crate::config::table::BadValue::Warns, $path, $($rest)+)
    };
}

/// A row of a key that decides about a gate: an invalid value is an error.
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
    /// The environment variable of the key.
    pub(super) fn variable(&self) -> String {
        variable(self.path)
    }

    /// The kind of name that matches this [`bare`] spelling; `None` if none does.
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

/// The kind of name that a file uses for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// A current name.
    Now,
    /// An old name.
    Formerly,
}
