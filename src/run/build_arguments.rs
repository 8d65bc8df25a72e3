//! Parses what dive needs of the arguments of `docker build` and `podman build`: the files for ids, the image's name, its
//! platforms, options that make no image, and the Dockerfile.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use dive_sources::ContainerEngine;

/// Options without a value. All others of `docker build` take one, after `=` or as the next argument.
const SWITCHES: [&str; 14] = [
    "--check",
    "--compress",
    "--debug",
    "--disable-content-trust",
    "--force-rm",
    "--help",
    "--load",
    "--no-cache",
    "--pull",
    "--push",
    "--quiet",
    "--rm",
    "--squash",
    "--stream",
];

/// One-letter switches, which may be combined: `-qt NAME`.
const SWITCH_LETTERS: [char; 3] = ['D', 'h', 'q'];

/// An argument and its value.
#[derive(Debug, PartialEq, Eq)]
enum Argument<'a> {
    /// `--file=x`, `--file x`, `-f x` or `-fx`: the name with its dashes, and the value.
    Option(String, Option<&'a OsStr>),
    /// The build context.
    Operand(&'a OsStr),
}

/// Splits a command line. An argument that is not UTF-8 is an operand or a value.
fn parse(arguments: &[OsString]) -> Vec<Argument<'_>> {
    let mut parsed = Vec::new();
    let mut rest = arguments.iter().map(OsString::as_os_str).peekable();
    // Podman has switches that are not in the table, so an option is never taken for the value of one.
    let is_value = |next: &&OsStr| !next.to_str().is_some_and(|next| next.len() > 1 && next.starts_with('-'));
    while let Some(argument) = rest.next() {
        match argument.to_str() {
            Some("--") => parsed.extend(rest.by_ref().map(Argument::Operand)),
            Some(long) if long.starts_with("--") => parsed.push(match long.split_once('=') {
                Some((name, value)) => Argument::Option(name.to_owned(), Some(OsStr::new(value))),
                None if SWITCHES.contains(&long) => Argument::Option(long.to_owned(), None),
                None => Argument::Option(long.to_owned(), rest.next_if(is_value)),
            }),
            Some(letters) if letters.len() > 1 && letters.starts_with('-') => {
                let option = letters.char_indices().skip(1).find(|(_, letter)| !SWITCH_LETTERS.contains(letter));
                let Some((at, letter)) = option else { continue };
                let value = letters[at + letter.len_utf8()..].trim_start_matches('=');
                let value = if value.is_empty() { rest.next_if(is_value) } else { Some(OsStr::new(value)) };
                parsed.push(Argument::Option(format!("-{letter}"), value));
            }
            _ => parsed.push(Argument::Operand(argument)),
        }
    }
    parsed
}

/// The values of an option with any of these names, in order.
fn values<'a>(arguments: &'a [OsString], names: &'a [&str]) -> impl DoubleEndedIterator<Item = &'a OsStr> {
    parse(arguments).into_iter().filter_map(|argument| match argument {
        Argument::Option(name, value) if names.contains(&name.as_str()) => value,
        _ => None,
    })
}

/// The file of `--iidfile`. As in builders, the last one wins.
pub(super) fn id_file(arguments: &[OsString]) -> Option<PathBuf> {
    values(arguments, &["--iidfile"]).next_back().map(PathBuf::from)
}

/// The file of `--metadata-file`, the last one.
pub(super) fn metadata_file(arguments: &[OsString]) -> Option<PathBuf> {
    values(arguments, &["--metadata-file"]).next_back().map(PathBuf::from)
}

/// The first name of the image. Podman's `--manifest` names the list of images.
pub(super) fn tag(arguments: &[OsString]) -> Option<String> {
    values(arguments, &["--tag", "-t", "--manifest"]).next().and_then(OsStr::to_str).map(str::to_owned)
}

/// True if the build is for several platforms.
pub(super) fn names_several_platforms(arguments: &[OsString]) -> bool {
    let platforms = values(arguments, &["--platform"]).filter_map(OsStr::to_str);
    platforms.flat_map(|value| value.split(',')).filter(|platform| !platform.is_empty()).count() > 1
}

/// Why a build puts no image into the engine: the option as typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum WithoutImage {
    /// `--check` or `--call`: only the Dockerfile is read.
    Check(String),
    /// `--output` of files instead of an image.
    Files(String),
    /// `--output` of an image, or `--push`: it may go elsewhere.
    Elsewhere(String),
}

impl WithoutImage {
    /// True if no builder makes an image with the option.
    pub(super) const fn is_certain(&self) -> bool {
        matches!(self, Self::Check(_) | Self::Files(_))
    }
}

/// True if a value of `--output` asks for files: `out`, `-`, `type=local,dest=out`.
fn is_for_files(output: &OsStr) -> bool {
    let mut fields = output.to_str().unwrap_or_default().split(',');
    let kind = fields.find_map(|field| field.trim().strip_prefix("type="));
    matches!(kind, None | Some("local" | "tar"))
}

/// The option because of which a build puts no image into the engine; `None` if there is none.
pub(super) fn without_image(arguments: &[OsString]) -> Option<WithoutImage> {
    parse(arguments).into_iter().find_map(|argument| {
        let Argument::Option(name, value) = argument else { return None };
        let option = match value {
            Some(value) if name.starts_with("--") => format!("{name}={}", value.to_string_lossy()),
            Some(value) => format!("{name} {}", value.to_string_lossy()),
            None => name.clone(),
        };
        match name.as_str() {
            "--check" => Some(WithoutImage::Check(name)),
            "--call" | "--print" if value.is_some_and(|value| value != "build") => Some(WithoutImage::Check(option)),
            "--output" | "-o" if value.is_some_and(is_for_files) => Some(WithoutImage::Files(option)),
            "--output" | "-o" => Some(WithoutImage::Elsewhere(option)),
            "--push" => Some(WithoutImage::Elsewhere(name)),
            _ => None,
        }
    })
}

/// The `Containerfile` of a build context without a `Dockerfile`, unless the user names a file. Podman finds it by default,
/// Docker does not.
pub(super) fn containerfile(arguments: &[OsString]) -> Option<PathBuf> {
    let parsed = parse(arguments);
    if named_files(&parsed).next().is_some() {
        return None;
    }
    let context = context(&parsed)?;
    let has = |name: &str| context.join(name).exists();
    // Docker also accepts `dockerfile`.
    let candidate = context.join("Containerfile");
    (!has("Dockerfile") && !has("dockerfile") && candidate.is_file()).then_some(candidate)
}

/// The values of `--file`.
fn named_files<'a>(arguments: &'a [Argument<'a>]) -> impl DoubleEndedIterator<Item = Option<&'a OsStr>> {
    arguments.iter().filter_map(|argument| match argument {
        Argument::Option(name, value) if name == "-f" || name == "--file" => Some(*value),
        _ => None,
    })
}

/// The build context: the first operand.
fn context<'a>(arguments: &'a [Argument<'a>]) -> Option<&'a Path> {
    arguments.iter().find_map(|argument| match argument {
        Argument::Operand(operand) => Some(Path::new(*operand)),
        Argument::Option(..) => None,
    })
}

/// The Dockerfile that a build reads. `None` if it is not a file of this machine: with a remote context, or from standard
/// input.
pub(super) fn dockerfile(engine: ContainerEngine, arguments: &[OsString]) -> Option<PathBuf> {
    let parsed = parse(arguments);
    // Podman takes the working directory if no context is given.
    let context = context(&parsed).unwrap_or(Path::new("."));
    // In a remote context, `--file` is a path of that context.
    if !context.is_dir() || is_remote(context) {
        return None;
    }
    let mut files = named_files(&parsed);
    let candidates = match (files.next_back(), engine) {
        // Podman joins several files into one.
        (Some(_), ContainerEngine::Podman) if files.next_back().is_some() => return None,
        (Some(file), _) => {
            let file = file.filter(|file| *file != "-")?;
            // Podman also looks in the context.
            vec![PathBuf::from(file), context.join(file)]
        }
        (None, ContainerEngine::Docker) => {
            ["Dockerfile", "dockerfile", "Containerfile"].map(|it| context.join(it)).into()
        }
        (None, ContainerEngine::Podman) => ["Containerfile", "Dockerfile"].map(|it| context.join(it)).into(),
    };
    let file = candidates.into_iter().find(|file| file.is_file())?;
    // `Dockerfile` for `./Dockerfile`, since reports name it.
    Some(file.strip_prefix(".").map_or(file.clone(), Path::to_owned))
}

/// True for what Docker reads as a URL or a repository, even if a directory has that name.
fn is_remote(context: &Path) -> bool {
    let Some(text) = context.to_str() else { return false };
    text.contains("://") || text.starts_with("git@") || text.starts_with("github.com/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    /// Docker uses the last of two `--iidfile`: otherwise the user's file stays empty, or dive finds none.
    #[test]
    fn the_id_file_of_the_user_is_used() {
        let file = |line: &str| id_file(&words(line));
        assert_eq!(file("-t x --iidfile id ."), Some("id".into()));
        assert_eq!(file("--iidfile=id ."), Some("id".into()));
        assert_eq!(file("--iidfile a --iidfile b ."), Some("b".into()));
        assert_eq!(file("-t x ."), None);
        assert_eq!(file("--squash-all --iidfile id ."), Some("id".into()), "a switch of Podman");
        assert_eq!(file("-- --iidfile x"), None);
    }

    /// Layers explained by another file would be blamed on the wrong lines.
    #[test]
    fn the_dockerfile_of_a_build_is_the_one_that_the_builder_reads() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().display().to_string();
        for name in ["Dockerfile", "Containerfile", "other"] {
            std::fs::write(folder.path().join(name), "FROM scratch\n").unwrap();
        }
        let found = |engine, line: &str| {
            let file = dockerfile(engine, &words(&line.replace('@', &place)));
            file.map(|file| file.strip_prefix(folder.path()).unwrap().display().to_string())
        };
        let (docker, podman) = (ContainerEngine::Docker, ContainerEngine::Podman);
        for (engine, line, expected) in [
            (docker, "@", Some("Dockerfile")),
            (podman, "-t x @", Some("Containerfile")),
            (docker, "-f @/other @", Some("other")),
            (docker, "--file=@/no --file @/other @", Some("other")),
            (podman, "-f other @", Some("other")),
            (podman, "-f @/other -f @/Dockerfile @", None),
            (docker, "-f @/no @", None),
            (docker, "-f - @", None),
            (docker, "-", None),
            (docker, "-f @/other -", None),
            (docker, "-f @/other https://example.org/a.git", None),
            (docker, "@/nowhere", None),
        ] {
            assert_eq!(found(engine, line).as_deref(), expected, "{line}");
        }
        assert!(
            is_remote(Path::new("github.com/a/b")) && is_remote(Path::new("git@host:a")) && !is_remote(Path::new("."))
        );
        std::fs::remove_file(folder.path().join("Dockerfile")).unwrap();
        assert_eq!(found(docker, "@").as_deref(), Some("Containerfile"), "dive passes it to Docker");
    }

    #[test]
    fn the_first_name_and_all_platforms_are_found() {
        let tag_of = |line: &str| tag(&words(line));
        assert_eq!(tag_of("-t a:1 -t b:2 .").as_deref(), Some("a:1"));
        assert_eq!(tag_of("--pull -qta:1 .").as_deref(), Some("a:1"));
        assert_eq!(tag_of("--tag=h:5/a .").as_deref(), Some("h:5/a"));
        assert_eq!(tag_of("--manifest list:1 .").as_deref(), Some("list:1"));
        assert_eq!(tag_of("--target x ."), None);
        let several = |line: &str| names_several_platforms(&words(line));
        assert!(several("--platform linux/amd64,linux/arm64 ."));
        assert!(several("--platform linux/amd64 --platform=linux/arm64 ."));
        assert!(!several("--platform linux/amd64, .") && !several("."));
        assert_eq!(metadata_file(&words("--metadata-file m.json .")), Some("m.json".into()));
    }

    /// `docker build --check` succeeds and builds nothing.
    #[test]
    fn options_that_make_no_image_are_named() {
        let option = |line: &str| without_image(&words(line));
        let (check, output) =
            (|text: &str| WithoutImage::Check(text.into()), |text: &str| WithoutImage::Files(text.into()));
        let elsewhere = |text: &str| WithoutImage::Elsewhere(text.into());
        assert_eq!(option("--check ."), Some(check("--check")));
        assert_eq!(option("--call outline ."), Some(check("--call=outline")));
        assert_eq!(option("--call=build ."), None);
        assert_eq!(option("-t x -o out ."), Some(output("-o out")));
        assert_eq!(option("-oout ."), Some(output("-o out")));
        assert_eq!(option("--output type=tar,dest=x.tar ."), Some(output("--output=type=tar,dest=x.tar")));
        assert_eq!(option("-o type=docker ."), Some(elsewhere("-o type=docker")));
        assert_eq!(option("--push ."), Some(elsewhere("--push")));
        assert_eq!(option("-t x ."), None);
    }

    #[test]
    fn a_containerfile_is_used_in_a_context_without_a_dockerfile() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().display().to_string();
        std::fs::create_dir(folder.path().join("other")).unwrap();
        std::fs::write(folder.path().join("Containerfile"), "FROM scratch\n").unwrap();
        let found = |line: &str| containerfile(&words(&line.replace('@', &place)));
        let expected = Some(folder.path().join("Containerfile"));
        for line in ["@", "-t x @", "@ -t x", "-qt x @", "-tx --pull @", "--build-arg A=B --no-cache @ -m 1g", "-- @"] {
            assert_eq!(found(line), expected, "{line}");
        }
        for line in [
            "-f x @",
            "-fx @",
            "--file=x @",
            "--file x @",
            "-qf x @",
            "-",
            "-f - @",
            "@/other",
            "-t @",
            "http://h/@",
            "-q",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
        assert_eq!(containerfile(&[]), None);
        for name in ["dockerfile", "Dockerfile"] {
            std::fs::write(folder.path().join(name), "FROM scratch\n").unwrap();
            assert_eq!(found("@"), None, "{name}");
            std::fs::remove_file(folder.path().join(name)).unwrap();
        }
    }
}
