//! YAML's merge keys: a mapping gets the entries of those below `<<` that it does not have itself.
//!
//! ```yaml
//! x-base: &base { lowestEfficiency: 0.9 }
//! rules:
//!   <<: *base
//! ```

use std::collections::HashSet;

use super::yaml::Yaml;

/// The key above what is merged.
pub(super) const MERGE_KEY: &str = "<<";

/// `node` without merge keys. Of several mappings, the first goes before the others. Aliases are expanded already, so this adds no
/// node.
///
/// # Errors
/// The keys of the first merge key whose value is neither a mapping nor a list of them.
pub(super) fn merged(node: Yaml) -> Result<Yaml, Vec<String>> {
    match node {
        Yaml::Map(entries) => {
            let (merges, own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| key == MERGE_KEY);
            let mut names: HashSet<String> = own.iter().map(|(key, _)| key.clone()).collect();
            let mut map = Vec::with_capacity(own.len());
            for (key, value) in own {
                match merged(value) {
                    Ok(value) => map.push((key, value)),
                    Err(below) => return Err(below_key(key, below)),
                }
            }
            let sources = merges.into_iter().flat_map(|(_, value)| match value {
                Yaml::List(items) => items,
                value => vec![value],
            });
            for source in sources {
                let entries = match merged(source).map_err(|below| below_key(MERGE_KEY.to_owned(), below))? {
                    Yaml::Map(entries) => entries,
                    Yaml::Empty => continue,
                    Yaml::Scalar(_) | Yaml::List(_) => return Err(vec![MERGE_KEY.to_owned()]),
                };
                map.extend(entries.into_iter().filter(|(key, _)| names.insert(key.clone())));
            }
            Ok(Yaml::Map(map))
        }
        Yaml::List(items) => {
            let items = items.into_iter().enumerate();
            let items = items.map(|(number, item)| merged(item).map_err(|below| below_key(number.to_string(), below)));
            items.collect::<Result<_, _>>().map(Yaml::List)
        }
        node => Ok(node),
    }
}

fn below_key(key: String, mut below: Vec<String>) -> Vec<String> {
    below.insert(0, key);
    below
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::document::Document;

    fn parse(text: &str) -> Result<Document, String> {
        Document::parse(Path::new("f.yaml").into(), text.to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_mapping_gets_only_the_entries_that_it_lacks() {
        let text =
            "x: &x { a: 1, b: 2 }\ny: &y\n  b: 3\n  <<: *x\n  c: 4\nz:\n  - <<: [{ d: 5 }, *y]\n    a: 6\n  - <<: *y\n";
        let document = parse(text).unwrap();
        let expected = "x: {a: 1, b: 2}\ny: {b: 3, c: 4, a: 1}\nz: [{a: 6, d: 5, b: 3, c: 4}, {b: 3, c: 4, a: 1}]\n";
        assert_eq!(document.root, parse(expected).unwrap().root);
        for (keys, line) in [
            (&["z", "0", "a"][..], 8),
            (&["z", "0", "d"], 7),
            (&["z", "0", "b"], 3),
            (&["z", "1", "a"], 1),
            (&["y", "a"], 1),
        ] {
            assert_eq!(document.origin_of(keys).to_string(), format!("f.yaml:{line}"), "{keys:?}");
        }
    }

    #[test]
    fn only_mappings_can_be_merged() {
        for (text, line) in [("<<: 1\n", 1), ("a: 1\nb:\n  - c:\n      <<: [{}, 1]\n", 4)] {
            let expected = format!("f.yaml:{line}: `<<` merges mappings; write an alias of one, such as `<<: *base`");
            assert_eq!(parse(text).err(), Some(expected), "{text}");
        }
        assert_eq!(parse("a: 1\n<<:\n").unwrap().root, parse("a: 1\n").unwrap().root);
    }

    /// The quadratic search for each merged key in the keys before it would take minutes.
    #[test]
    fn many_merged_keys_do_not_take_quadratic_time() {
        let keys = (0..8_000).map(|number| format!("k{number}: 1")).collect::<Vec<_>>().join(", ");
        let document = parse(&format!("a: &a {{{keys}}}\nb: {{<<: [{}]}}\n", ["*a"; 10].join(", "))).unwrap();
        let Yaml::Map(entries) = &document.root else { panic!("no mapping") };
        assert_eq!(entries[0].1, entries[1].1);
    }
}
