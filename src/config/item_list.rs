//! A list of mappings in a rules file, each read on its own: exceptions, and rules about paths.

use super::origin::{Fault, ValuePlace};
use super::path_glob::{GlobCost, PathGlob};
use super::yaml::Yaml;

/// What a list contains, and its limit.
pub(super) struct ItemList {
    /// The items in messages: `rules about paths`.
    pub(super) name: &'static str,
    /// The list in messages: `a list of paths`.
    pub(super) expected: &'static str,
    /// Limit of the items.
    pub(super) most: usize,
    /// An item for messages.
    pub(super) example: &'static str,
}

/// An item of a list.
pub(super) trait PatternItem {
    /// The pattern that paths are compared with.
    fn glob(&self) -> Option<&PathGlob>;
}

impl ItemList {
    /// Reads the list at `at`: `read` gets each item and its keys. `None` if there is no list, or a part of it is wrong.
    pub(super) fn read<T: PatternItem>(
        &self,
        node: &Yaml,
        at: &[&str],
        place: &ValuePlace<'_>,
        faults: &mut Vec<Fault>,
        read: impl Fn(&Yaml, &[&str], &mut Vec<Fault>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Self { name, expected, most, example } = self;
        let items = match node {
            Yaml::Empty => return None,
            Yaml::List(items) => items,
            Yaml::Scalar(_) | Yaml::Map(_) => {
                let reason = format!("expected {expected}, found {}; write {example}", node.shown());
                faults.push(place.fault(at, reason));
                return None;
            }
        };
        if items.len() > *most {
            faults.push(place.fault(at, format!("more than {most} {name}; join some of them in one pattern")));
            return None;
        }
        let found_before = faults.len();
        let (mut read_items, mut cost) = (Vec::new(), GlobCost::default());
        for (number, item) in items.iter().enumerate() {
            let number = number.to_string();
            let at = [at, &[&number]].concat();
            let Some(read) = read(item, &at, faults) else { continue };
            if let Err(reason) = read.glob().map_or(Ok(()), |glob| cost.add(glob, name)) {
                faults.push(place.fault(&at, reason));
                return None;
            }
            read_items.push(read);
        }
        (faults.len() == found_before).then_some(read_items)
    }
}
