//! Kinds that the command of containers takes out: they start the program that reads these files.

use super::kind::AdviceKind;
use super::kind_set::KindSet;
use super::shell_commands::{ShellCommand, started};
use crate::image::Image;

/// The kinds that containers of the image read.
pub(super) fn needed_kinds(image: &Image) -> KindSet {
    let commands = started(&image.start_command);
    let starts = |names: &[&str]| commands.iter().any(|command| command.is(names));
    let mentions = |part: &str| image.start_command.iter().any(|word| word.contains(part));
    let runs_sdk = |command: &ShellCommand| {
        let verbs = ["run", "watch", "test", "build"];
        command.is(&["dotnet"]) && command.arguments().first().is_some_and(|verb| verbs.contains(&verb.as_str()))
    };
    let needed = [
        (AdviceKind::GoCache, starts(&["go"])),
        (AdviceKind::RustCache, starts(&["cargo"]) || mentions("/target/")),
        // A class path may lead into the cache.
        (
            AdviceKind::JvmCache,
            starts(&["mvn", "mvnw", "gradle", "gradlew"]) || mentions(".m2/") || mentions(".gradle/"),
        ),
        (AdviceKind::DotnetCache, commands.iter().any(runs_sdk) || mentions(".nuget/")),
        (AdviceKind::NodeCache, starts(&["npx", "pnpx"]) || mentions("node_modules/.cache") || mentions(".next/cache")),
        (AdviceKind::PythonCache, starts(&["uvx"]) || mentions(".cache/uv")),
        (AdviceKind::TemporaryFiles, mentions("/tmp/")),
    ];
    needed.into_iter().filter(|(_, is_needed)| *is_needed).map(|(kind, _)| kind).collect()
}
