//! The configuration as a whole: every key, the precedence of sources, and messages.

use super::*;
use crate::config::{Limit, Rule, render};
use dive_model::units::Bytes;

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
    let environment = Environment::new("/work".into(), None, variables);
    let document = Document::parse("d.yaml".into(), text.to_owned()).map_err(|error| error.to_string())?;
    let found = Discovery::named("d.yaml".into());
    Config::layered(&[(document, ConfigScope::User)], &environment, found).map_err(|error| error.to_string())
}

fn warnings(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    load(text, variables).unwrap().warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn every_key_in_dives_documentation_is_accepted() {
    let config = load(
        "container-engine: podman\nignore-errors: true\nlog:\n  enabled: false\n  path: /tmp/d.log\n  level: debug\n\
         keybinding:\n  quit: ctrl+q\n  page-up: pgup\ndiff:\n  hide: [added, unmodified]\nfiletree:\n  \
         collapse-dir: true\n  pane-width: 0.7\n  show-attributes: false\nlayer:\n  show-aggregated-changes: true\n\
         rules:\n  lowest-efficiency: 0.95\n  highest-wasted-bytes: 20MB\n  highest-user-wasted-percent: off\n",
        &[],
    )
    .unwrap();
    assert_eq!(config.warnings, []);
    assert_eq!(config.container_engine.value, ContainerEngine::Podman);
    assert!(config.ignore_errors.value && !config.log.enabled.value);
    assert_eq!(config.log.path.value, PathBuf::from("/tmp/d.log"));
    assert_eq!(config.log.level.value, LogLevel::Debug);
    assert_eq!(config.keybinding.quit.value.to_string(), "ctrl+q");
    assert_eq!(config.keybinding.page_up.origin.to_string(), "d.yaml:9");
    assert_eq!(config.keybinding.page_down, Setting::by_default("pgdn,d".parse().unwrap()));
    assert_eq!(config.diff.hide.value, [DiffType::Added, DiffType::Unmodified]);
    assert!(config.filetree.collapse_dir.value && !config.filetree.show_attributes.value);
    assert_eq!(config.filetree.pane_width.value, Ratio::percent(70));
    assert!(config.layer.show_aggregated_changes.value);
    assert_eq!(config.rules[Rule::LowestEfficiency].value.limit, Limit::Ratio(Some(Ratio::percent(95))));
    assert_eq!(config.rules[Rule::HighestWastedBytes].value.limit, Limit::Bytes(Some(Bytes(20_000_000))));
    assert_eq!(config.rules[Rule::HighestUserWastedPercent].value.limit, Limit::Ratio(None));
}

#[test]
fn variables_override_files() {
    let variables = [
        ("DIVE_FILETREE_PANE_WIDTH", "0.3"),
        ("DIVE_RULES_LOWEST_EFFICIENCY", "off"),
        ("DIVE_CONTAINER_ENGINE", "Podman"),
        ("DIVE_LOG_ENABLED", "0"),
        ("DIVE_LOG_LEVEL", ""),
        ("DIVE_KEYBINDING_TOGGLE_COLLAPSE_ALL_DIR", "ctrl+x"),
        ("DIVE_DIFF_HIDE", "added,removed"),
    ];
    let config = load("filetree:\n  pane-width: 0.7\nlog:\n  level: debug\n", &variables).unwrap();
    assert_eq!(config.filetree.pane_width.value, Ratio::percent(30));
    assert_eq!(config.filetree.pane_width.origin, Origin::Variable("DIVE_FILETREE_PANE_WIDTH".to_owned()));
    assert_eq!(config.rules[Rule::LowestEfficiency].value.limit, Limit::Ratio(None));
    assert_eq!(config.container_engine.value, ContainerEngine::Podman);
    assert!(!config.log.enabled.value);
    assert_eq!(config.log.level.value, LogLevel::Debug);
    assert_eq!(config.keybinding.toggle_collapse_all_dir.value.to_string(), "ctrl+x");
    assert_eq!(config.diff.hide.value, [DiffType::Added, DiffType::Removed]);
}

#[test]
fn a_path_or_a_level_enables_the_log() {
    let log = |text, variables: &[(&str, &str)]| load(text, variables).unwrap().log.enabled;
    assert_eq!(log("log: {}\n", &[]), Setting::by_default(false));
    assert!(log("log:\n  enabled: yes\n", &[]).value);
    let by_path = log("log:\n  path: x.log\n", &[]);
    assert_eq!((by_path.value, by_path.origin.to_string().as_str()), (true, "d.yaml:2"));
    let by_level = log("", &[("DIVE_LOG_LEVEL", "warn")]);
    assert_eq!((by_level.value, by_level.origin.to_string().as_str()), (true, "DIVE_LOG_LEVEL"));
    assert!(!log("log:\n  path: x.log\n  enabled: false\n", &[]).value);
}

#[test]
fn an_invalid_value_is_a_warning_with_the_value_in_effect() {
    for (text, warning) in [
        (
            "log:\n  enabled: perhaps\n",
            "d.yaml:2: enabled: `perhaps` is not a boolean; write true or false; dive uses false",
        ),
        (
            "container-engine: rkt\n",
            "d.yaml:1: container-engine: `rkt` is not a valid value; write one of docker, podman; dive uses docker",
        ),
        (
            "filetree:\n\n  pane-width: 50\n",
            "d.yaml:3: pane-width: `50` is outside the range of a ratio: write a number from 0 to 1, such as 0.5 for 50 %; dive uses 0.5",
        ),
        (
            "diff: { hide: [gone, added] }\n",
            "d.yaml:1: hide: `gone` is not a valid value; write one of added, removed, modified, unmodified; dive uses [added]",
        ),
        (
            "log: on\n",
            "d.yaml:1: log: expected a mapping, found `on`; its keys are enabled, path, level, quiet; it has no effect",
        ),
        (
            "log: {level: [info]}\n",
            "d.yaml:1: level: expected one value, found a list; keep one of its items, without the dash or brackets; dive uses info",
        ),
    ] {
        assert_eq!(warnings(text, &[]), [warning]);
    }
    assert_eq!(
        warnings("theme: mono\n", &[("DIVE_THEME", "neon")]),
        ["DIVE_THEME: theme: `neon` is not a valid value; write one of auto, dark, light, ansi, mono; dive uses mono"]
    );
}

#[test]
fn an_invalid_gate_is_an_error() {
    for (text, message) in [
        ("just text\n", "d.yaml:1: expected a mapping, found `just text`; its keys are container-engine, "),
        ("- a list\n", "d.yaml:1: expected a mapping, found a list; its keys are "),
        ("ci: sometimes\n", "d.yaml:1: ci: `sometimes` is not a boolean"),
        ("rules: [a]\n", "d.yaml:1: rules: expected a mapping, found a list; its keys are lowest-efficiency, "),
        (
            "rules:\n  lowest-efficency: 0.9\n",
            "d.yaml:2: rules.lowest-efficency: no rule has this name; did you mean low",
        ),
        (
            "rules:\n  lowest-efficiency: 95\n  highest-wasted-bytes: much\n",
            "d.yaml:2: lowest-efficiency: `95` is outside the range of a ratio: write a number from 0 to 1, such as 0.95 for 95 \
             %, or `disabled`; d.yaml:3: highest-wasted-bytes: `much` is not a size",
        ),
    ] {
        let refused = load(text, &[]).unwrap_err();
        assert!(refused.starts_with(message), "{refused}");
    }
    assert_eq!(
        load("", &[("DIVE_RULES_HIGHEST_WASTED_BYTES", "much")]).unwrap_err(),
        "DIVE_RULES_HIGHEST_WASTED_BYTES: rules.highest-wasted-bytes: `much` is not a size: write a number and a unit, \
         such as 20MB, 1.5 GB or 20MiB, or `disabled`"
    );
    assert!(load("", &[("DIVE_CI", "maybe")]).unwrap_err().starts_with("DIVE_CI: ci: `maybe` is not a boolean"));
}

/// dive reads no rules from such a file, so it starts.
#[test]
fn a_rule_outside_its_section_is_a_warning() {
    assert_eq!(
        warnings("lowestEfficiency: 0.9\n", &[]),
        [
            "d.yaml:1: lowestEfficiency: a rule has no effect outside `rules:`; write it as `rules:`, and lowestEfficiency \
          indented below"
        ]
    );
    assert_eq!(warnings("x-rules: {lowestEfficiency: 0.9}\n", &[]), [""; 0]);
}

#[test]
fn names_of_dives_main_branch_are_accepted() {
    let text =
        "ci: true\nci-config: r.yaml\njson-path: o.json\nlog:\n  quiet: true\n  file: d.log\ndev:\n  profile: cpu\n";
    let config = load(text, &[]).unwrap();
    assert!(config.ci.value && config.log.quiet.value && config.log.enabled.value);
    assert_eq!(config.ci_config.value, Some("r.yaml".into()));
    assert_eq!(config.json_path.value, Some("o.json".into()));
    assert_eq!(config.log.path.value, PathBuf::from("d.log"));
    let expected: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(expected, ["d.yaml:8: dev.profile has no effect: this program has no profiler"]);
    let variables = [("DIVE_CI_CONFIG", "v.yaml"), ("DIVE_JSON_PATH", "v.json"), ("DIVE_PULL", "Never")];
    let config = load(text, &variables).unwrap();
    assert_eq!(config.ci_config.value, Some("v.yaml".into()));
    assert_eq!(
        config.json_path,
        Setting { value: Some("v.json".into()), origin: Origin::Variable("DIVE_JSON_PATH".into()) }
    );
    assert_eq!(config.pull.value, Some(PullPolicy::Never));
}

#[test]
fn dive_ci_overrides_ci_which_overrides_a_file() {
    let ci = |file: &str, ci: Option<&str>, dive_ci: Option<&str>| {
        let variables = [("CI", ci), ("DIVE_CI", dive_ci)];
        let set = variables.into_iter().filter_map(|(name, value)| Some((name.into(), value?.into())));
        let environment = Environment::new("/work".into(), None, set);
        let document = Document::parse("d.yaml".into(), file.to_owned()).unwrap();
        let config = Config::layered(&[(document, ConfigScope::User)], &environment, Discovery::default()).unwrap();
        (config.ci.value, config.ci.origin.to_string())
    };
    let expected = |value: bool, origin: &str| (value, origin.to_owned());
    assert_eq!(ci("", None, None), expected(false, "default"));
    assert_eq!(ci("ci: true", None, None), expected(true, "d.yaml:1"));
    assert_eq!(ci("ci: true", Some(""), Some("")), expected(true, "d.yaml:1"));
    assert_eq!(ci("ci: true", Some("false"), None), expected(false, "CI"));
    assert_eq!(ci("", Some("true"), None), expected(true, "CI"));
    // Neither on nor off, so it sets nothing.
    assert_eq!(ci("", Some("woodpecker"), None), expected(false, "default"));
    assert_eq!(ci("ci: true", Some("woodpecker"), None), expected(true, "d.yaml:1"));
    assert_eq!(ci("", Some("true"), Some("false")), expected(false, "DIVE_CI"));
    assert_eq!(ci("ci: false", Some("false"), Some("1")), expected(true, "DIVE_CI"));
}

#[test]
fn keys_and_variables_without_effect_are_warnings() {
    assert_eq!(
        warnings("log:\n  paht: x\nkeybindings: {}\nlog.speed: 9\n", &[]),
        [
            "d.yaml:2: unknown key `log.paht` has no effect; valid here: enabled, path, level, quiet",
            "d.yaml:3: unknown key `keybindings` has no effect; valid here: container-engine, pull, ignore-errors, verify, max-memory, max-unpacked, registries, ci, ci-config, \
             json-path, theme, log, diff, filetree, layer, rules, keybinding",
            "d.yaml:4: unknown key `log.speed` has no effect; valid here: enabled, path, level, quiet",
        ]
    );
    assert!(warnings("keybinding:\n  fly: f\n", &[])[0].contains("`keybinding.fly`"));
}

#[test]
fn a_key_of_two_actions_stays_with_the_later_one() {
    let left = "d.yaml:2: keybinding.up: `j` was bound to keybinding.down, which now keeps `down`";
    assert_eq!(warnings("keybinding:\n  up: j\n", &[]), [left]);
    let taken = &warnings("keybinding:\n  left: x\n  right: x\n", &[])[0];
    assert_eq!(
        taken,
        "d.yaml:3: keybinding.right: `x` was bound to keybinding.left, which now has no key; bind another"
    );
    let taken = &warnings("", &[("DIVE_KEYBINDING_UP", "down")])[0];
    assert!(taken.starts_with("DIVE_KEYBINDING_UP: keybinding.up: `down` was bound"), "{taken}");
    let unknown = &warnings("keybinding:\n  quit: ctrl+foo\n", &[])[0];
    assert!(unknown.starts_with("d.yaml:2: quit: `ctrl+foo` is not a key"), "{unknown}");
    assert!(unknown.ends_with("; dive uses \"ctrl+c,q\""), "{unknown}");
    assert_eq!(
        warnings("", &[("DIVE_LOG_PAHT", "x"), ("DIVE_VERSION", "0.13.1")]),
        ["DIVE_LOG_PAHT: unknown variable has no effect; valid here: DIVE_LOG_ENABLED, \
          DIVE_LOG_PATH, DIVE_LOG_LEVEL, DIVE_LOG_QUIET"]
    );
}

#[test]
fn spelling_does_not_matter_and_the_later_of_two_wins() {
    assert!(load("Log:\n  Enabled: false\n", &[]).unwrap().warnings.is_empty());
    let text = "filetree:\n  pane-width: 0.5\n  paneWidth: 0.6\n";
    assert_eq!(load(text, &[]).unwrap().filetree.pane_width.value, Ratio::percent(60));
    assert_eq!(warnings(text, &[]), ["d.yaml:3: paneWidth: `pane-width` above sets the same key; dive uses this line"]);
    assert_eq!(load("log: {level: info}\nLOG: {level: warn}\n", &[]).unwrap().log.level.value, LogLevel::Warn);
    let limit = load("rules: {lowest-efficiency: 0.5, lowestEfficiency: 0.6}\n", &[]).unwrap_err();
    assert_eq!(limit, "d.yaml:1: lowestEfficiency: `lowest-efficiency` above sets the same key; keep one of the two");
}

#[test]
fn a_named_file_replaces_all_others_and_must_exist() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".dive.yaml"), "log: {level: warn}\n").unwrap();
    std::fs::write(folder.path().join("mine.yaml"), "log: {level: debug}\n").unwrap();
    let environment = Environment::new(folder.path().to_owned(), None, []);
    let level =
        |named: Option<&str>| Config::load(&environment, named.map(Path::new)).map(|config| config.log.level.value);
    assert_eq!(level(None).unwrap(), LogLevel::Warn);
    assert_eq!(level(Some("mine.yaml")).unwrap(), LogLevel::Debug);
    assert_eq!(
        level(Some("yours.yaml")).unwrap_err().to_string(),
        "yours.yaml: no such file; correct the path in --config"
    );
    assert!(matches!(level(Some(".")), Err(ConfigError::IsDirectory { .. })));
    let variable = |name: &str| {
        let mut environment = environment.clone();
        environment.set("DIVE_CONFIG", name);
        environment
    };
    let by_variable = Config::load(&variable("mine.yaml"), None).unwrap();
    assert_eq!((by_variable.log.level.value, by_variable.warnings), (LogLevel::Debug, Vec::new()));
    assert_eq!(
        Config::load(&variable("yours.yaml"), Some(Path::new("mine.yaml"))).unwrap().log.level.value,
        LogLevel::Debug
    );
    assert_eq!(Config::load(&variable(""), None).unwrap().log.level.value, LogLevel::Warn);
    assert_eq!(
        Config::load(&variable("yours.yaml"), None).unwrap_err().to_string(),
        "yours.yaml: no such file; correct the path in DIVE_CONFIG"
    );
}

#[test]
fn the_files_in_this_repository_are_read_without_a_warning() {
    let root = Environment::new(env!("CARGO_MANIFEST_DIR").into(), None, []);
    let config = Config::load(&root, None).unwrap();
    let read: Vec<_> = config.discovery.read().collect();
    assert_eq!(read, [(root.working_dir.join(".dive.yaml").as_path(), ConfigScope::WorkingDirectory)]);
    assert_eq!(config.warnings, []);
    let rules = crate::config::RulesFile::load(&root, &Setting::by_default(None), &config.discovery).unwrap();
    assert_eq!(rules.warnings, []);
    assert_eq!(rules.limits[Rule::HighestUserWastedPercent].value.limit, Limit::Ratio(Some(Ratio::percent(90))));
}

/// A key that is missing here got its trust without a decision.
#[test]
fn every_key_has_a_decided_trust() {
    let has_own_table = |section: &str| ["keybinding", "rules"].contains(&section);
    let section_or_key = |path: &'static str| match path.split_once('.') {
        Some((section, _)) if has_own_table(section) => section,
        _ => path,
    };
    let decided = |path| match section_or_key(path) {
        "pull" | "ignore-errors" | "verify" | "max-memory" | "max-unpacked" | "ci" | "rules" => "stricter only",
        "log.path" | "json-path" => "a new file",
        "ci-config"
        | "log.quiet"
        | "registries.insecure"
        | "registries.mirrors"
        | "registries.ca-file"
        | "keybinding" => "the user",
        "container-engine"
        | "theme"
        | "log.enabled"
        | "log.level"
        | "diff.hide"
        | "filetree.collapse-dir"
        | "filetree.fold-unchanged"
        | "filetree.pane-width"
        | "filetree.show-attributes"
        | "layer.show-aggregated-changes" => "anyone",
        path => panic!("{path}: who may set it?"),
    };
    for key in table().keys {
        assert_eq!(key.trust.word(), decided(key.path), "{}", key.path);
    }
}

/// Also for future keys: a cloned folder cannot name files elsewhere, hosts or commands.
#[test]
fn no_key_takes_a_file_a_host_or_a_command_from_the_working_directory() {
    let dangerous = [
        "../.bash_login",
        "../x.log",
        "logs/../../x.json",
        "/tmp/x.log",
        "/dev/tcp/evil.example/80",
        "~/.profile",
        ".bashrc",
        ".x.log",
        ".git/hooks/x.log",
        "Makefile",
        "x.sh",
        "-",
        "evil.example:5000",
        "https://evil.example/x.json#",
        "tcp://evil.example:2375",
        "ssh://evil.example",
        "unix:///tmp/x.sock",
        "$(touch ran).log;",
        "|sh",
    ];
    let lay = |text: &str| {
        let document = Document::parse("theirs".into(), text.to_owned()).unwrap();
        let documents = [(document, ConfigScope::WorkingDirectory)];
        Config::layered(&documents, &Environment::default(), Discovery::default())
    };
    let default = Config::default();
    for key in table().keys {
        for (path, text) in key.paths().flat_map(|path| dangerous.map(|text| (path, text))) {
            let (section, name) = path.split_once('.').map_or(("", path), |(section, name)| (section, name));
            let line = format!("{name}: \"{text}\"\n");
            // An invalid value of a gate is refused, so nothing is done at all.
            let Ok(config) = lay(&if section.is_empty() { line } else { format!("{section}:\n  {line}") }) else {
                continue;
            };
            let (field, before) = ((key.field)(&config), (key.field)(&default));
            assert!(field.yaml() == before.yaml(), "{path} takes {text} as {}", field.yaml());
            assert!(!config.warnings.is_empty(), "nothing is said of {path}: {text}");
        }
    }
}

#[test]
fn the_working_directory_can_only_tighten_a_gate() {
    let lay = |own: &str, theirs: &str| {
        let read = |name: &str, text: &str| Document::parse(name.into(), text.to_owned()).unwrap();
        let documents =
            [(read("own", own), ConfigScope::User), (read("theirs", theirs), ConfigScope::WorkingDirectory)];
        let config = Config::layered(&documents, &Environment::default(), Discovery::default()).unwrap();
        let warnings: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
        (config, warnings)
    };
    let own = "rules:\n  lowest-efficiency: 0.95\n  highest-wasted-bytes: 20MB\n  highest-user-wasted-percent: off\nverify: true\n";
    let (config, warnings) = lay(
        own,
        "rules:\n  lowest-efficiency: 0.96\n  highest-wasted-bytes: 10MB\n  highest-user-wasted-percent: 0.9\n\
         pull: never\nci: true\nignore-errors: false\nverify: true\n",
    );
    assert_eq!(warnings, [""; 0]);
    assert_eq!(config.rules[Rule::LowestEfficiency].value.limit, Limit::Ratio(Some(Ratio::percent(96))));
    assert_eq!(config.rules[Rule::HighestWastedBytes].value.limit, Limit::Bytes(Some(Bytes(10_000_000))));
    assert_eq!(config.rules[Rule::HighestUserWastedPercent].value.limit, Limit::Ratio(Some(Ratio::percent(90))));
    assert!(config.ci.value && config.verify.value && config.pull.value == Some(PullPolicy::Never));

    for theirs in [
        "rules: {lowest-efficiency: 0.94}",
        "rules: {lowest-efficiency: off}",
        "rules: {highest-wasted-bytes: 21MB}",
        "rules: {highest-wasted-bytes: disabled}",
        "pull: missing",
        "pull: always",
        "ignore-errors: true",
        "verify: false",
        "json-path: ../out.json",
        "json-path: package.txt",
        "ci-config: /etc/passwd",
        "log: {path: ../.bash_login}",
        "log: {path: /tmp/x.log}",
        "log: {file: .bash_login}",
        "log: {quiet: true}",
    ] {
        let (config, warnings) = lay(own, theirs);
        assert_eq!(warnings.len(), 1, "{theirs}: {warnings:?}");
        assert!(warnings[0].contains("in ~/.dive.yaml"), "{warnings:?}");
        let (alone, _) = lay(own, "");
        for key in table().keys {
            let (field, alone) = ((key.field)(&config), (key.field)(&alone));
            assert_eq!((field.yaml(), field.origin()), (alone.yaml(), alone.origin()), "{theirs}: {}", key.path);
        }
    }
    assert_eq!(
        lay(own, "rules: {lowest-efficiency: 0.94}").1,
        [
            "theirs:1: rules.lowest-efficiency has no effect: `0.94` is weaker than 0.95 (own:2); a .dive.yaml in the working \
             directory may only be stricter; set it in ~/.dive.yaml, in a file for --config, or in \
          DIVE_RULES_LOWEST_EFFICIENCY"
        ]
    );
    let (config, warnings) = lay("ci: true\npull: never", "ci: false\npull: missing\ntheme: mono\n");
    assert_eq!((config.ci.value, config.pull.value), (true, Some(PullPolicy::Never)));
    assert_eq!((warnings.len(), config.theme.value), (2, ThemeName::Mono));
}

#[test]
fn the_example_and_the_documentation_list_every_key() {
    let read = |name: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let (example, docs, keys) = (read(".dive.yaml"), read("docs/configuration.md"), read("docs/keys.md"));
    for key in table().keys {
        let name = key.path.rsplit('.').next().unwrap();
        let default = (key.field)(&Config::default()).yaml();
        let value = default.trim_matches('"');
        assert!(example.contains(&format!("{name}: ")), "{name} is not in .dive.yaml");
        if key.path.starts_with("keybinding.") {
            assert!(keys.contains(&format!("| `{name}` |")), "{name} is not in docs/keys.md");
            assert_eq!(key.trust.word(), "the user", "docs/configuration.md says so of all keybindings: {name}");
            continue;
        }
        let row = docs.lines().find(|line| line.starts_with(&format!("| `{}` |", key.path)));
        let row = row.unwrap_or_else(|| panic!("{} is not in docs/configuration.md", key.path));
        assert!(row.contains(&format!("`{value}`")), "docs/configuration.md: the default of {row} is `{value}`");
        let may = format!("| {} |", key.trust.word());
        assert!(row.contains(&may), "docs/configuration.md: {row} lacks who may set it: {may}");
    }
}

#[test]
fn the_printed_configuration_reads_back() {
    let variables = [("DIVE_LOG_PATH", "a \"b\": #c")];
    let config = load("filetree:\n  pane-width: 0.7\nrules:\n  highest-wasted-bytes: 20MB\n", &variables).unwrap();
    let printed = render(&config);
    let again = load(&printed, &[]).unwrap();
    assert_eq!(again.warnings, []);
    for key in table().keys {
        assert_eq!((key.field)(&again).yaml(), (key.field)(&config).yaml(), "{}", key.path);
    }
}
