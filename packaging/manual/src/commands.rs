//! dive(1) and a page per command, generated from the command-line definition.

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use dive::cli::Cli;
use dive_model::advice::AdviceKind;

use super::File;
use super::document::sentence;
use super::page::Page;

const EXIT_STATUS: [(&str, &str); 3] = [
    ("0", "dive did what it was asked to. In CI mode, all rules passed."),
    ("1", "In CI mode, a rule failed."),
    ("2", "Any other error. `dive build` exits with the code of a failed build."),
];

/// The variables, in the order in which a user needs them.
const ENVIRONMENT: [(&str, &str); 16] = [
    ("CI", "`CI=true` turns CI mode on, like `--ci`."),
    ("DIVE_CONFIG", "The only configuration file to read, like `--config`."),
    ("DIVE_CI_CONFIG", "The file with the rules, like `--ci-config`."),
    ("DIVE_*", "Any key of the configuration: dive.yaml(5) names the variable of each."),
    (
        "DOCKER_HOST, DOCKER_CONTEXT",
        "The Docker engine: `unix:///PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST`; or the name of a context.",
    ),
    ("DOCKER_TLS, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH", "TLS for `tcp://`, as for docker(1)."),
    ("CONTAINER_HOST, CONTAINER_CONNECTION", "The Podman service, or the name of a connection of podman(1)."),
    ("CONTAINERD_ADDRESS, CONTAINERD_NAMESPACE", "The socket and the namespace of containerd, as for ctr(8)."),
    ("REGISTRY_TOKEN", "A bearer token for the registry that the image names. It goes to no mirror."),
    (
        "REGISTRY_AUTH_FILE, DOCKER_CONFIG",
        "A file with logins to registries, and the folder of Docker's `config.json`.",
    ),
    (
        "CONTAINERS_REGISTRIES_CONF, REGISTRIES_CONFIG_PATH",
        "The `registries.conf` to read instead of the machine's; the first that is set.",
    ),
    ("HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "The proxy for registries, and the hosts that need none."),
    (
        "COMPOSE_PROFILES, COMPOSE_PROJECT_NAME",
        "The profiles and the name of a Compose project, as for `docker compose`.",
    ),
    (
        "TMPDIR",
        "The directory of temporary files, by default `/tmp`: images from engines, registries and pipes are stored there.",
    ),
    ("NO_COLOR", "If it is not empty, dive writes no colour."),
    (
        "XDG_CONFIG_HOME, XDG_CONFIG_DIRS, XDG_CACHE_HOME, XDG_RUNTIME_DIR",
        "Where configurations, the cache, and sockets and logins are.",
    ),
];

/// All pages of section 1.
pub(crate) fn pages() -> anyhow::Result<Vec<File>> {
    let mut command = show_all_options(Cli::command().disable_help_subcommand(true));
    command.build();
    let mut files = Vec::new();
    page(&command, &mut files)?;
    Ok(files)
}

/// Shows options that only the long help has: `clap_mangen` omits their texts otherwise.
fn show_all_options(command: Command) -> Command {
    command.mut_args(|option| option.hide_short_help(false)).mut_subcommands(show_all_options)
}

/// Adds the page of a command and those of its subcommands.
fn page(command: &Command, files: &mut Vec<File>) -> anyhow::Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let is_root = command.get_name() == name;
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut text = head(command, &name, &about).into_bytes();
    let man = Man::new(command.clone());
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    let verbs = || command.get_subcommands().filter(|verb| !verb.is_hide_set());
    if verbs().next().is_some() {
        man.render_subcommands_section(&mut text)?;
    }
    text.extend(tail(command, is_root).into_bytes());
    files.push((format!("{name}.1"), text));
    for verb in verbs() {
        page(verb, files)?;
    }
    Ok(())
}

/// Title, name and synopsis. clap's synopsis lists every option; its usage line is shorter.
fn head(command: &Command, name: &str, about: &str) -> String {
    let mut page = Page::new(name, 1, about);
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    page.heading("SYNOPSIS");
    page.example(&usage.lines().map(str::trim_start).collect::<Vec<_>>().join("\n"));
    page.finish()
}

/// The sections after the options.
fn tail(command: &Command, is_root: bool) -> String {
    let mut page = Page::part();
    if is_root {
        let text = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
        let examples = text.split("\n\n").next().unwrap_or_default();
        page.heading("EXAMPLES");
        page.example(examples.trim_start_matches("Examples:\n"));
        page.heading("EXIT STATUS");
        for (code, meaning) in EXIT_STATUS {
            page.term(code, meaning);
        }
        page.heading("ENVIRONMENT");
        for (names, meaning) in ENVIRONMENT {
            page.term(names, meaning);
        }
        page.heading("FILES");
        page.term(".dive-ci", "The rules of CI mode, in the working directory: see dive-ci(5).");
        page.term("~/.dive.yaml", "The configuration. dive.yaml(5) lists other places for it.");
        page.term(
            "~/.cache/dive",
            "The cache of layers from engines and registries. `dive cache` shows and clears it.",
        );
    }
    if command.get_name() == "advise" {
        page.heading("KINDS");
        for row in AdviceKind::ALL.iter().copied().map(AdviceKind::row) {
            page.term(row.id, &sentence(row.what));
        }
    }
    page.heading("SEE ALSO");
    page.paragraph(if is_root {
        "dive-ci(5), dive.yaml(5), docker(1), podman(1)"
    } else {
        "dive(1), dive-ci(5), dive.yaml(5)"
    });
    page.finish()
}
