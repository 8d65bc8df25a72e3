//! The table of kinds of advice: what each finds, its level, and what to write instead. Claims, reports, `--help` and
//! docs/advice.md read its rows.

use std::fmt;
use std::str::FromStr;

/// How serious a finding is. It never changes an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdviceLevel {
    /// Only reported if it is asked for by its id.
    Off,
    /// Often right to ignore.
    Info,
    /// Usually worth a change.
    Warn,
    /// Does not belong in an image.
    Fail,
}

impl AdviceLevel {
    /// Name in reports and documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// The bytes that a kind counts. No byte of an image counts for two kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CountedBytes {
    /// Reclaimable files.
    Waste,
    /// Files of the finished file system.
    Visible,
    /// None: the kind is about instructions, the configuration or modes.
    Nothing,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct AdviceRow {
    /// The name in reports, files and documents, and the heading in docs/advice.md.
    pub id: &'static str,
    /// The level of its findings.
    pub level: AdviceLevel,
    /// The bytes that it counts.
    pub counts: CountedBytes,
    /// What it finds, as a noun phrase.
    pub what: &'static str,
    /// What to write instead, as a command. The finding of an image is more specific.
    pub instead: &'static str,
    /// Less is not reported, in bytes of the base or of the image's own layers.
    pub floor_bytes: u64,
    /// The rule of hadolint that warns of the same in a Dockerfile.
    pub hadolint: Option<&'static str>,
}

impl AdviceRow {
    /// A kind of visible files with neither a floor nor a rule of hadolint.
    const VISIBLE: Self = Self {
        id: "",
        level: AdviceLevel::Warn,
        counts: CountedBytes::Visible,
        what: "",
        instead: "",
        floor_bytes: 1,
        hadolint: None,
    };

    const NOTHING: Self = Self { counts: CountedBytes::Nothing, level: AdviceLevel::Info, ..Self::VISIBLE };

    const WASTE: Self = Self { counts: CountedBytes::Waste, ..Self::VISIBLE };

    /// The section of the kind in the documents.
    #[must_use]
    pub fn link(&self) -> String {
        format!("docs/advice.md#{}", self.id)
    }
}

/// Generates the kinds from their rows.
macro_rules! kinds {
    ($($kind:ident $id:literal $level:ident $counts:ident { what: $what:literal, $($field:ident: $value:expr),+ $(,)? })+) => {
        /// A kind of advice. The order is that of claims: a file belongs to the first kind that matches it.
        #[expect(clippy::doc_markdown, reason = "reports print these words, too")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AdviceKind {
            $(#[doc = $what] $kind,)+
        }

        impl AdviceKind {
            /// All kinds, in the order of claims.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// The row of the table.
            #[must_use]
            pub const fn row(self) -> &'static AdviceRow {
                match self {
                    $(Self::$kind => const {
                        &AdviceRow {
                            id: $id,
                            level: AdviceLevel::$level,
                            what: $what,
                            $($field: $value,)+
                            ..AdviceRow::$counts
                        }
                    })+
                }
            }
        }
    };
}

kinds! {
    DeletedLater "deleted-later" Warn WASTE {
        what: "files that a later layer deletes",
        instead: "delete them in the RUN that makes them, or build in an earlier stage",
    }
    RewrittenMetadata "rewritten-metadata" Warn WASTE {
        what: "files stored twice because a later layer changed only owner, mode or times",
        instead: "write `COPY --chown= --chmod=`, or change them in the RUN that makes them",
    }
    CopiedAgain "copied-again" Warn WASTE {
        what: "unchanged files that a later COPY or ADD stores again",
        instead: "copy each file once, and name the rest in .dockerignore",
    }
    PackageDatabases "overwritten-by-package-manager" Info WASTE {
        what: "databases that every installation of packages rewrites",
        instead: "install all packages in one RUN",
    }
    OverwrittenLater "overwritten-later" Warn WASTE {
        what: "files that a later layer replaces by other content",
        instead: "write their last content in the layer that makes them",
    }
    AptLists "apt-lists" Warn VISIBLE {
        what: "package lists of apt",
        instead: "add `&& rm -rf /var/lib/apt/lists/*` to the RUN that installs",
        floor_bytes: 64_000,
        hadolint: Some("DL3009"),
    }
    AptArchives "apt-archives" Warn VISIBLE {
        what: "packages that apt downloaded",
        instead: "add `&& apt-get clean` to the RUN that installs",
    }
    ApkCache "apk-cache" Warn VISIBLE {
        what: "the cache of apk",
        instead: "write `apk add --no-cache`",
        hadolint: Some("DL3019"),
    }
    RpmCache "rpm-cache" Warn VISIBLE {
        what: "caches of dnf and yum",
        instead: "add `&& dnf clean all && rm -rf /var/cache/dnf` to the RUN that installs",
        floor_bytes: 64_000,
        hadolint: Some("DL3032, DL3040"),
    }
    ZypperCache "zypper-cache" Warn VISIBLE {
        what: "the cache of zypper",
        instead: "add `&& zypper clean -a` to the RUN that installs",
        hadolint: Some("DL3036"),
    }
    PacmanCache "pacman-cache" Warn VISIBLE {
        what: "packages and lists that pacman downloaded",
        instead: "add `&& rm -rf /var/cache/pacman/pkg/* /var/lib/pacman/sync/*` to the RUN that installs",
    }
    PythonCache "python-cache" Warn VISIBLE {
        what: "caches of pip, uv, Poetry, Pipenv or PDM",
        instead: "write `pip install --no-cache-dir`, or mount a cache",
        hadolint: Some("DL3042"),
    }
    CondaPackages "conda-packages" Warn VISIBLE {
        what: "downloaded packages of conda that no environment shares",
        instead: "add `&& conda clean -afy` to the RUN that installs",
    }
    NodeCache "node-cache" Warn VISIBLE {
        what: "caches of npm, Yarn, pnpm, Bun or a bundler",
        instead: "add `&& npm cache clean --force` to the RUN that installs, or mount a cache",
        hadolint: Some("DL3060"),
    }
    GoCache "go-cache" Warn VISIBLE {
        what: "build and module caches of Go",
        instead: "build in an earlier stage and copy the program, or mount a cache",
    }
    RustCache "rust-cache" Warn VISIBLE {
        what: "downloads and intermediate files of Cargo",
        instead: "build in an earlier stage and copy the program, or mount a cache",
    }
    JvmCache "jvm-cache" Warn VISIBLE {
        what: "caches of Maven, Gradle, Ivy or Coursier",
        instead: "build in an earlier stage and copy the archive, or mount a cache",
    }
    DotnetCache "dotnet-cache" Warn VISIBLE {
        what: "the package cache of NuGet",
        instead: "run `dotnet publish` in an earlier stage and copy its output",
    }
    PhpCache "php-cache" Warn VISIBLE {
        what: "the cache of Composer",
        instead: "add `&& composer clear-cache` to the RUN that installs, or mount a cache",
    }
    RubyCache "ruby-cache" Warn VISIBLE {
        what: "downloaded gems and object files of their extensions",
        instead: "delete `cache/*.gem` and `ext/**/*.o` of the gems in the RUN that installs",
    }
    RJuliaCache "r-julia-cache" Info VISIBLE {
        what: "downloads and documentation of R packages, or registries of Julia",
        instead: "delete them in the RUN that installs",
    }
    BuildCache "build-cache" Warn VISIBLE {
        what: "caches of ccache, sccache or Bazel",
        instead: "build in an earlier stage, or mount a cache",
    }
    VcsFolder "vcs-folder" Warn VISIBLE {
        what: "the history of a repository (Git, Mercurial, Subversion)",
        instead: "name it in .dockerignore (`**/.git`)",
    }
    CoreDump "core-dump" Fail VISIBLE {
        what: "memory dumps and crash reports",
        instead: "delete them in the RUN that makes them, or name them in .dockerignore",
    }
    SparseLoginDatabase "sparse-login-database" Fail VISIBLE {
        what: "a login database that grew with a large user id",
        instead: "write `useradd --no-log-init`",
        floor_bytes: 1_000_000,
        hadolint: Some("DL3046"),
    }
    ArchiveKept "archive-kept" Warn VISIBLE {
        what: "archives that a RUN fetched, unpacked or installed, and kept",
        instead: "delete them in the RUN that unpacks them, or pipe the download into `tar`",
        hadolint: Some("DL3010"),
    }
    TemporaryFiles "temporary-files" Info VISIBLE {
        what: "files in /tmp and /var/tmp",
        instead: "delete them in the RUN that makes them, or write `RUN --mount=type=tmpfs,target=/tmp`",
    }
    Logs "logs" Info VISIBLE {
        what: "files in /var/log",
        instead: "delete them in the RUN that makes them",
        floor_bytes: 1_000_000,
    }
    EditorAndOsFiles "editor-and-os-files" Info VISIBLE {
        what: "files of editors and desktops",
        instead: "name them in .dockerignore",
    }
    ModelWeightsTwice "model-weights-twice" Warn VISIBLE {
        what: "model weights that the image has in two formats or folders",
        instead: "fetch or copy one format, and keep the symbolic links of its cache",
    }
    CudaTwice "cuda-twice" Warn VISIBLE {
        what: "CUDA libraries that Python packages also bring",
        instead: "use a base without them, such as `nvidia/cuda:*-base-*`",
    }
    DuplicateContent "duplicate-content" Warn VISIBLE {
        what: "files with the content of another file",
        instead: "store the file once, and link to it",
    }
    DataInImage "data-in-image" Warn VISIBLE {
        what: "model weights and data sets",
        instead: "mount them as a volume, or download them at start",
        floor_bytes: 100_000_000,
    }
    DebugSymbols "debug-symbols" Warn VISIBLE {
        what: "debug symbols in files of their own",
        instead: "keep them in another image or on a symbol server",
    }
    StaticLibrariesAndHeaders "static-libraries-and-headers" Info VISIBLE {
        what: "headers, static libraries and libtool archives, which only a compiler reads",
        instead: "build in an earlier stage",
        floor_bytes: 1_000_000,
    }
    DocsAndLocales "docs-and-locales" Info VISIBLE {
        what: "documentation, manual pages and translations of packages",
        instead: "exclude them before the installation (`path-exclude` of dpkg, `--nodocs` of dnf)",
        floor_bytes: 1_000_000,
    }
    TestFolders "test-folders" Off VISIBLE {
        what: "tests of installed packages",
        instead: "delete them in the RUN that installs",
    }
    SourceMaps "source-maps" Off VISIBLE {
        what: "source maps of scripts and styles",
        instead: "turn them off in the bundler, or upload them to the error tracker",
    }
    PythonBytecode "python-bytecode" Off VISIBLE {
        what: "compiled Python modules, which start programs faster",
        instead: "write `pip install --no-compile`, and set `PYTHONDONTWRITEBYTECODE=1` for programs that the RUN starts",
    }
    UnstrippedBinary "unstripped-binary" Info VISIBLE {
        what: "symbols and debug information in programs",
        instead: "link without them (`-ldflags='-s -w'` of Go, `strip = true` of Cargo), or run `strip`",
        floor_bytes: 1_000_000,
    }
    RunsAsRoot "runs-as-root" Info NOTHING {
        what: "a configuration without a user",
        instead: "end the last stage with `USER 10001`",
        hadolint: Some("DL3002"),
    }
    SetuidAdded "setuid-added" Warn NOTHING {
        what: "set-user-id or set-group-id files outside of the directories of packages",
        instead: "remove the bit in the RUN that makes them (`chmod ug-s`)",
    }
    WorldWritable "world-writable" Warn NOTHING {
        what: "programs or libraries that every user may write",
        instead: "remove the permission in the RUN that makes them (`chmod o-w`)",
    }
    ContextCopiedWhole "context-copied-whole" Warn NOTHING {
        what: "a COPY of the whole build context",
        instead: "name what the image does not need in .dockerignore",
    }
    TwoPythons "two-pythons" Warn NOTHING {
        what: "a second Python, from packages of the distribution",
        instead: "install Python packages with pip, or use a base without a Python of its own",
    }
    UnpinnedBase "unpinned-base" Info NOTHING {
        what: "a FROM without a digest",
        instead: "write `FROM NAME@sha256:DIGEST`",
    }
    AddFromUrl "add-from-url" Info NOTHING {
        what: "an ADD from an address without a checksum",
        instead: "write `ADD --checksum=sha256:DIGEST ADDRESS`",
    }
    AddForCopy "add-for-copy" Info NOTHING {
        what: "an ADD of local files that are no archives",
        instead: "write COPY",
        hadolint: Some("DL3020"),
    }
    CopyBeforeInstall "copy-before-install" Info NOTHING {
        what: "a COPY of all sources before an installation of dependencies, which every change repeats",
        instead: "copy the list of dependencies, install them, then copy the rest",
    }
    UnpinnedPackages "unpinned-packages" Off NOTHING {
        what: "packages of apt, apk or pip without a version",
        instead: "name the versions",
        hadolint: Some("DL3008, DL3013, DL3018"),
    }
    AptNotAptGet "apt-not-apt-get" Info NOTHING {
        what: "`apt`, whose options and output may change, in a script",
        instead: "write `apt-get`",
        hadolint: Some("DL3027"),
    }
    Labels "labels" Off NOTHING {
        what: "missing or malformed labels: source, revision, licenses, created",
        instead: "write `LABEL org.opencontainers.image.source=ADDRESS`",
        hadolint: Some("DL3049, DL3051, DL3052, DL3053, DL3054, DL3055"),
    }
}

impl AdviceKind {
    /// True for files that a layer stores again: that layer causes the finding.
    pub(super) const fn is_of_files_stored_again(self) -> bool {
        matches!(self, Self::RewrittenMetadata | Self::CopiedAgain | Self::OverwrittenLater)
    }

    /// True if following the advice keeps the file at its path.
    pub(super) const fn leaves_the_file(self) -> bool {
        matches!(self, Self::DataInImage | Self::UnstrippedBinary)
    }

    /// The name in reports, files and documents.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.row().id
    }
}

impl fmt::Display for AdviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A text that is not the id of a kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of advice; docs/advice.md lists them")]
pub struct UnknownAdvice(String);

impl FromStr for AdviceKind {
    type Err = UnknownAdvice;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().find(|kind| kind.id() == text);
        found.copied().ok_or_else(|| UnknownAdvice(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_distinct_and_read_back() {
        assert!(AdviceKind::ALL.len() <= 64, "a set of kinds has 64 bits");
        for (at, kind) in AdviceKind::ALL.iter().copied().enumerate() {
            assert_eq!((kind as usize, kind.id().parse()), (at, Ok(kind)));
            assert!(!kind.row().what.is_empty() && !kind.row().instead.is_empty());
        }
        assert!("apt".parse::<AdviceKind>().is_err());
    }
}
