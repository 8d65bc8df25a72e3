//! The registry settings that this machine has for its engines: Docker's `daemon.json`, and the `registries.conf` of Podman, Skopeo
//! and Buildah with its drop-ins. They name insecure hosts, mirrors, blocked registries and short names, so that users need not
//! repeat them for dive.
//!
//! The files belong to the user or the system. A file that cannot be read is reported and left out: the image may open without it.

mod daemon;
mod insecure;
mod places;
mod registries;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::access::MirrorHost;
use super::environment::Environment;
use super::settings_source::{SettingsPlace, SettingsProblem, SettingsSource};
use insecure::InsecureHosts;
use places::{MAX_DROP_INS, RegistriesFiles};
pub(super) use registries::{MirrorPulls, RegistryRule};

/// Limit of a file, in bytes. Fedora's list of short names takes 15 KB.
const FILE_LIMIT: u64 = 1 << 20;

/// Maximum number of registries in all files, and of items in one list.
const MAX_REGISTRIES: usize = 2_000;

/// Maximum number of registries in all files that are blocked, beyond [`MAX_REGISTRIES`]. After more, dive opens no image from a
/// registry, because any may be blocked.
const MAX_BLOCKED: usize = 50_000;

/// Maximum number of short names in all files.
const MAX_ALIASES: usize = 20_000;

/// The registry settings of a machine, and the files that they are from.
#[derive(Debug, Clone, Default)]
pub(super) struct MachineSettings {
    sources: Vec<SettingsSource>,
    insecure: Vec<InsecureHosts>,
    /// The mirrors of Docker Hub in `daemon.json`.
    hub_mirrors: Vec<MirrorHost>,
    /// The registries of `registries.conf`, by prefix.
    rules: BTreeMap<String, RegistryRule>,
    /// Short names, without a tag.
    aliases: BTreeMap<String, String>,
    /// The first file that blocks more registries than dive keeps.
    lost_blocks: Option<PathBuf>,
}

/// The format of a settings file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SettingsFormat {
    Daemon,
    Registries,
}

impl SettingsFormat {
    /// Adds the settings of a file. The error is why dive can use none of them.
    fn parse(self, text: &str, path: &Path, settings: &mut MachineSettings) -> Result<Noted, SettingsProblem> {
        match self {
            Self::Daemon => daemon::parse(text, settings),
            Self::Registries => registries::parse(text, path, settings),
        }
    }

    /// What the user loses if a file cannot be used.
    const fn loss(self) -> &'static str {
        match self {
            Self::Daemon => "dive uses nothing of this file",
            Self::Registries => "dive uses nothing of this file, not even what it blocks",
        }
    }
}

impl MachineSettings {
    /// Reads the settings of this machine. Never fails: [`Self::files`] has the problems.
    pub(super) fn read(environment: &Environment) -> Self {
        let mut settings = Self::default();
        for path in places::daemon(environment) {
            settings.read_file(&path, SettingsFormat::Daemon);
        }
        let RegistriesFiles { files, cut } = places::registries(environment);
        for path in files {
            settings.read_file(&path, SettingsFormat::Registries);
        }
        settings.sources.extend(cut.into_iter().map(|path| {
            let problem = format!(
                "it has more than {MAX_DROP_INS} *.conf files; dive uses nothing of the last ones by name, not even what they block"
            );
            SettingsSource {
                place: SettingsPlace::Path(path),
                settings: Vec::new(),
                problems: vec![problem.into()],
            }
        }));
        settings
    }

    /// The files that exist, in the order in which they were read: later ones override.
    pub(super) fn sources(&self) -> &[SettingsSource] {
        &self.sources
    }

    /// [`Self::sources`] by value.
    pub(super) fn into_sources(self) -> Vec<SettingsSource> {
        self.sources
    }

    fn read_file(&mut self, path: &Path, format: SettingsFormat) {
        let text = match read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => Err(error.to_string()),
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| "not UTF-8 text".to_owned()),
        };
        self.add(path, text, format);
    }

    fn add(&mut self, path: &Path, text: Result<String, String>, format: SettingsFormat) {
        let noted = text.map_err(SettingsProblem::from).and_then(|text| format.parse(&text, path, self));
        let Noted { settings, problems } = noted.unwrap_or_else(|SettingsProblem { line, text }| {
            let text = format!("{text}; {}", format.loss());
            Noted { settings: Vec::new(), problems: vec![SettingsProblem { line, text }] }
        });
        self.sources.push(SettingsSource { place: SettingsPlace::Path(path.to_owned()), settings, problems });
    }

    /// The settings of files with these names and texts.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn of_texts(files: &[(&str, &str)]) -> Self {
        let mut settings = Self::default();
        for (name, text) in files {
            let is_json = Path::new(name).extension().is_some_and(|extension| extension == "json");
            let format = if is_json { SettingsFormat::Daemon } else { SettingsFormat::Registries };
            settings.add(Path::new(name), Ok((*text).to_owned()), format);
        }
        settings
    }

    /// True if a file waives the certificate of `host`.
    pub(super) fn is_insecure(&self, host: &str) -> bool {
        self.insecure.iter().any(|hosts| hosts.contain(host))
    }

    /// The mirrors of Docker Hub in `daemon.json`, in order.
    pub(super) fn hub_mirrors(&self) -> &[MirrorHost] {
        &self.hub_mirrors
    }

    /// The file that blocks more registries than dive keeps, if any: each image may be blocked.
    pub(super) fn lost_blocks(&self) -> Option<&Path> {
        self.lost_blocks.as_deref()
    }

    /// The rule for `image` (`HOST/REPOSITORY`) with the longest prefix, and the length of that prefix in `image`.
    pub(super) fn rule(&self, image: &str) -> Option<(&RegistryRule, usize)> {
        let matching = self.rules.iter().filter_map(|(prefix, rule)| Some((rule, matched(prefix, image)?)));
        matching.max_by_key(|(_, length)| *length)
    }

    /// `name` with its short name replaced, unless it names a registry.
    pub(super) fn in_full(&self, name: &str) -> Option<String> {
        let end = name.find(['@', ':']).unwrap_or(name.len());
        let (short, version) = name.split_at(end);
        let names_host = short.split_once('/').is_some_and(|(host, _)| host.contains('.') || host == "localhost");
        if names_host || version.contains('/') {
            return None;
        }
        Some(format!("{}{version}", self.aliases.get(short)?))
    }
}

/// What was found in a file.
#[derive(Debug, Default)]
struct Noted {
    settings: Vec<String>,
    problems: Vec<SettingsProblem>,
}

impl Noted {
    fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(SettingsProblem { line: None, text: text.into() });
    }

    /// The first items of the list `name`. A longer list is a problem.
    fn first<T>(&mut self, name: &str, items: Vec<T>, most: usize) -> impl Iterator<Item = T> + use<T> {
        if items.len() > most {
            self.problem(format!("{name}: it has {} items; dive uses the first {most}", items.len()));
        }
        items.into_iter().take(most)
    }
}

/// The length of the part of `image` that `prefix` matches: whole components, or the host without its port, as in Podman.
/// `*.example` matches the subdomains.
fn matched(prefix: &str, image: &str) -> Option<usize> {
    let ends_well = |length: usize| image[length..].is_empty() || image[length..].starts_with(['/', ':']);
    let length = match prefix.strip_prefix('*') {
        None => image.starts_with(prefix).then_some(prefix.len())?,
        Some(domain) => {
            let host = image.split('/').next().unwrap_or(image);
            let (end, _) = host.match_indices(domain).map(|(at, _)| (at + domain.len(), at)).find(|(_, at)| *at > 0)?;
            end
        }
    };
    ends_well(length).then_some(length)
}

/// Reads a file within the limit.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe would block.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {} MiB", FILE_LIMIT >> 20)));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::CertificateCheck;

    fn problems(settings: &MachineSettings) -> Vec<&str> {
        settings.sources().iter().flat_map(|file| file.problems.iter().map(|problem| problem.text.as_str())).collect()
    }

    #[test]
    fn insecure_hosts_and_networks_of_docker_are_known() {
        let text = r#"{"debug": true, "insecure-registries": ["reg.example:5000", "10.1.0.0/16", "fd00::/8", "bare.example"]}"#;
        let settings = MachineSettings::of_texts(&[("daemon.json", text)]);
        for host in ["reg.example:5000", "10.1.2.3", "10.1.2.3:5000", "[fd00::1]:5000", "bare.example"] {
            assert!(settings.is_insecure(host), "{host}");
        }
        for host in
            ["reg.example", "reg.example:5001", "10.2.0.1:5000", "[fe80::1]", "x.bare.example", "bare.example:5000"]
        {
            assert!(!settings.is_insecure(host), "{host}");
        }
        assert_eq!(problems(&settings), [""; 0]);
    }

    #[test]
    fn mirrors_of_docker_may_have_a_path() {
        let text = r#"{"registry-mirrors": ["https://mirror.example", "http://10.0.0.1:5000/", "https://harbor.example/hub/"]}"#;
        let settings = MachineSettings::of_texts(&[("daemon.json", text)]);
        let mirrors: Vec<String> = settings.hub_mirrors().iter().map(ToString::to_string).collect();
        assert_eq!(mirrors, ["mirror.example", "10.0.0.1:5000", "harbor.example/hub"]);
        assert!(settings.is_insecure("10.0.0.1:5000"), "the URL has no TLS");
        assert!(!settings.is_insecure("mirror.example"));
    }

    #[test]
    fn the_rule_with_the_longest_prefix_applies() {
        let text = r#"
unqualified-search-registries = ["docker.io"]
[[registry]]
location = "reg.example"
insecure = true
[[registry]]
prefix = "reg.example/team"
location = "inside.example:5000/copies"
[[registry.mirror]]
location = "mirror.example/team"
[[registry]]
prefix = "*.cloud.example"
blocked = true
"#;
        let settings = MachineSettings::of_texts(&[("registries.conf", text)]);
        assert_eq!(problems(&settings), [""; 0]);
        let of = |image: &str| settings.rule(image).map(|(rule, length)| (rule.location.as_deref(), length));
        assert_eq!(of("reg.example/app"), Some((Some("reg.example"), 11)));
        assert_eq!(of("reg.example:5000/app"), Some((Some("reg.example"), 11)), "any port, as in Podman");
        assert_eq!(of("reg.example/team/app"), Some((Some("inside.example:5000/copies"), 16)));
        assert_eq!(of("reg.example/teams/app"), Some((Some("reg.example"), 11)));
        assert_eq!(of("reg.example.org/app"), None);
        assert!(settings.rule("a.cloud.example/app").unwrap().0.is_blocked);
        assert!(settings.rule("cloud.example/app").is_none());
    }

    #[test]
    fn a_drop_in_replaces_a_registry() {
        let settings = MachineSettings::of_texts(&[
            (
                "registries.conf",
                "[[registry]]\nlocation = \"reg.example\"\nblocked = true\n[aliases]\n\"a\" = \"x.example/a\"\n\"b\" = \"x.example/b\"\n",
            ),
            (
                "registries.conf.d/1.conf",
                "[[registry]]\nlocation = \"reg.example\"\n[aliases]\n\"a\" = \"y.example/a\"\n\"b\" = \"\"\n",
            ),
        ]);
        let (rule, _) = settings.rule("reg.example/app").unwrap();
        assert!(!rule.is_blocked && rule.file.ends_with("registries.conf.d/1.conf"));
        assert_eq!(settings.in_full("a:1").as_deref(), Some("y.example/a:1"));
        assert_eq!(settings.in_full("b"), None);
    }

    #[test]
    fn only_short_names_are_replaced() {
        let settings = MachineSettings::of_texts(&[(
            "registries.conf",
            "[aliases]\n\"fedora\" = \"registry.fedoraproject.org/fedora\"\n\"ubi8/ubi\" = \"r.example/ubi8\"\n",
        )]);
        let expected = "registry.fedoraproject.org/fedora";
        assert_eq!(settings.in_full("fedora").as_deref(), Some(expected));
        assert_eq!(settings.in_full("fedora:41"), Some(format!("{expected}:41")));
        assert_eq!(settings.in_full("fedora@sha256:00"), Some(format!("{expected}@sha256:00")));
        assert_eq!(settings.in_full("ubi8/ubi:1").as_deref(), Some("r.example/ubi8:1"));
        for name in ["fedora.example/fedora", "localhost/fedora", "fedora:5000/app", "x/fedora", "alpine", "", ":", "@"]
        {
            assert_eq!(settings.in_full(name), None, "{name}");
        }
    }

    #[test]
    fn the_older_form_of_registries_conf_is_read() {
        let text = "[registries.search]\nregistries = ['docker.io']\n[registries.insecure]\nregistries = ['a.example:5000']\n\
                    [registries.block]\nregistries = ['b.example']\n";
        let settings = MachineSettings::of_texts(&[("registries.conf", text)]);
        assert!(settings.rule("a.example:5000/app").unwrap().0.check == CertificateCheck::Disabled);
        assert!(settings.rule("b.example/app").unwrap().0.is_blocked);
    }

    /// One mistake must not disable the other settings.
    #[test]
    fn what_cannot_be_used_is_reported() {
        let json = r#"{"insecure-registries": ["https://x.example", "ok.example"], "registry-mirrors": ["mirror.example", "https://me:secret@m.example"]}"#;
        let toml = "[[registry]]\nlocation = \"a b\"\n[[registry]]\nprefix = \"ok.example\"\n[[registry.mirror]]\nlocation = \"/\"\n";
        let settings = MachineSettings::of_texts(&[
            ("daemon.json", json),
            ("registries.conf", toml),
            ("2.conf", "x ="),
            ("2.json", "["),
        ]);
        assert!(settings.is_insecure("ok.example") && settings.rule("ok.example/app").is_some());
        let problems = problems(&settings);
        assert_eq!(problems.len(), 7, "{problems:#?}");
        assert!(!problems.concat().contains("secret"), "{problems:#?}");
    }

    /// No setting may be lost without a warning.
    #[test]
    fn what_exceeds_a_limit_is_reported() {
        let hosts: Vec<String> = (0..=MAX_REGISTRIES).map(|at| format!("host-{at}.example")).collect();
        let json = serde_json::json!({"insecure-registries": hosts, "registry-mirrors": ["http://mirror.example"]});
        let aliases: Vec<_> = (0..MAX_ALIASES + 7).map(|at| format!("a{at:05} = \"x.example/{at}\"\n")).collect();
        let mirrors = "[[registry.mirror]]\nlocation = \"m.example\"\n".repeat(MAX_REGISTRIES + 1);
        let again = "[aliases]\na00000 = \"y.example/0\"\nnew = \"y.example/new\"\n";
        let settings = MachineSettings::of_texts(&[
            ("daemon.json", &json.to_string()),
            ("1.conf", &format!("[aliases]\n{}", aliases.concat())),
            ("2.conf", again),
            ("3.conf", &format!("[[registry]]\nlocation = \"r.example\"\n{mirrors}")),
        ]);
        let expected = [
            "insecure-registries: it has 2001 items; dive uses the first 2000",
            "dive does not use 7 short names: there are more than 20000",
            "dive does not use 1 short name: there are more than 20000",
            "r.example: mirror: it has 2001 items; dive uses the first 2000",
        ];
        assert_eq!(problems(&settings), expected);
        assert_eq!(settings.sources()[1].settings, ["20000 short names"]);
        assert_eq!(settings.sources()[2].settings, ["1 short name"]);
        assert_eq!(settings.in_full("a00000").as_deref(), Some("y.example/0"));
    }

    /// An image of a blocked registry must not open because the file is long.
    #[test]
    fn blocked_registries_count_beyond_the_limit() {
        let registries = |count: usize, settings: &str| -> String {
            let tables = (0..count).map(|at| format!("[[registry]]\nlocation=\"h{at}.example\"\n{settings}\n"));
            tables.collect::<Vec<_>>().concat()
        };
        let last = "[[registry]]\nlocation=\"last.example\"\nblocked=true\n[[registry]]\nlocation=\"insecure.example\"\n\
                    insecure=true\n";
        let settings = MachineSettings::of_texts(&[("registries.conf", &(registries(MAX_REGISTRIES, "") + last))]);
        assert!(settings.rule("last.example/app").is_some_and(|(rule, _)| rule.is_blocked));
        assert!(settings.rule("insecure.example/app").is_none());
        assert_eq!(problems(&settings), ["dive does not use 1 registry: there are more than 2000"]);
        assert_eq!(settings.lost_blocks(), None);
        let all = registries(MAX_REGISTRIES + MAX_BLOCKED + 1, "blocked=true");
        let settings = MachineSettings::of_texts(&[("registries.conf", &all)]);
        assert_eq!(settings.lost_blocks(), Some(Path::new("registries.conf")));
    }

    #[test]
    fn a_file_that_cannot_be_parsed_is_named_with_its_line_and_the_loss() {
        let settings = MachineSettings::of_texts(&[
            ("registries.conf", "[[registry]]\nlocation = \"a.example\"\nblocked =\n"),
            ("daemon.json", "{\n  \"debug\": true,\n}\n"),
        ]);
        let located: Vec<_> = settings.sources().iter().map(|file| file.location(&file.problems[0])).collect();
        assert_eq!(located, ["registries.conf:3", "daemon.json:3"]);
        let [conf, json] = problems(&settings)[..] else { panic!("{:?}", settings.sources()) };
        assert!(conf.ends_with("; dive uses nothing of this file, not even what it blocks"), "{conf}");
        assert!(json.ends_with("; dive uses nothing of this file") && !json.contains("at line"), "{json}");
    }

    #[test]
    fn too_many_drop_ins_are_reported() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("containers/registries.conf.d");
        std::fs::create_dir_all(&folder).unwrap();
        for at in 0..=MAX_DROP_INS {
            std::fs::write(folder.join(format!("{at:03}.conf")), "").unwrap();
        }
        let environment: Environment = [("XDG_CONFIG_HOME", home.path())].into_iter().collect();
        let settings = MachineSettings::read(&environment);
        let paths = || settings.sources().iter().map(|source| PathBuf::from(source.place.to_string()));
        assert_eq!(
            problems(&settings),
            ["it has more than 200 *.conf files; dive uses nothing of the last ones by name, not even what they block"]
        );
        assert!(paths().any(|path| path == folder));
        let read = paths().filter(|path| path.starts_with(&folder) && *path != folder);
        assert_eq!(read.count(), MAX_DROP_INS);
    }

    /// An image of a blocked registry would be pulled because of a mistake beside it.
    #[test]
    fn a_mistake_does_not_lift_a_block() {
        let good = "[[registry]]\nprefix = \"bad.example\"\nblocked = true\n";
        for (text, count) in [
            (good.to_owned() + "location = \"bad location\"\n", 1),
            (good.to_owned() + "mirror = \"oops\"\n", 1),
            (good.to_owned() + "insecure = \"no\"\n[[registry]]\nlocation = 1\n", 2),
            (good.replace("true", "\"true\""), 1),
            ("[[registry]]\nprefix = \"x.example\"\nmirror = \"oops\"\n".to_owned() + good, 1),
            (good.to_owned() + "[aliases]\na = 1\n", 1),
            ("registry = 1\n[registries.block]\nregistries = [1, 'bad.example']\n".to_owned(), 2),
            ("aliases = 1\n[registries]\ninsecure = 1\nblock = { registries = 'bad.example' }\n".to_owned(), 2),
        ] {
            let settings = MachineSettings::of_texts(&[("registries.conf", &text)]);
            assert!(settings.rule("bad.example/app").is_some_and(|(rule, _)| rule.is_blocked), "{text}");
            assert_eq!(problems(&settings).len(), count, "{text}: {:?}", problems(&settings));
        }
    }

    #[test]
    fn a_huge_or_odd_file_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = MachineSettings::default();
        let big = folder.path().join("registries.conf");
        std::fs::write(&big, "#".repeat(2 << 20)).unwrap();
        settings.read_file(&big, SettingsFormat::Registries);
        settings.read_file(folder.path(), SettingsFormat::Registries);
        settings.read_file(&folder.path().join("none"), SettingsFormat::Registries);
        let deep = folder.path().join("deep.conf");
        std::fs::write(&deep, format!("x = {}", "[".repeat(100_000))).unwrap();
        settings.read_file(&deep, SettingsFormat::Registries);
        assert_eq!(problems(&settings).len(), 3, "{:?}", settings.sources());
    }
}
