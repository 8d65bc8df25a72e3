//! Commands of package managers, whichever of their programs and verbs a RUN has. A failure means that `dnf5` gets other advice than
//! `dnf`.

use dive_model::advice::AdviceKind;

use super::later_runs::built;
use super::{remedies, says};
use crate::build::{Image, image};

/// The sentence of a kind.
fn said(image: &Image, kind: AdviceKind) -> String {
    remedies(image, kind).concat()
}

fn run(script: &str) -> String {
    format!("RUN /bin/sh -c {script} # buildkit")
}

#[test]
fn a_removal_moves_to_the_installation() {
    for (install, removal) in [
        ("dnf install -y gcc", "dnf remove -y gcc"),
        ("dnf5 install -y gcc", "dnf5 remove -y gcc"),
        ("pacman -S --noconfirm gcc", "pacman -Rns --noconfirm gcc"),
        ("aptitude install -y gcc", "aptitude -y purge gcc"),
        ("dpkg -i gcc.deb", "dpkg -P gcc"),
        ("rpm -i gcc.rpm", "rpm -e gcc"),
        ("zypper -n in gcc", "zypper -n rm gcc"),
    ] {
        says(
            &built(&[("usr/bin/gcc", &run(install)), ("-usr/bin/gcc", &run(removal))]),
            &[&format!("layer 0: add `&& {removal}` here instead of in layer 1")],
        );
    }
    let query = built(&[("usr/bin/gcc", &run("rpm -i gcc.rpm")), ("-usr/bin/gcc", &run("rpm -qe gcc"))]);
    assert!(!said(&query, AdviceKind::DeletedLater).contains("rpm"));
}

#[test]
fn an_upgrade_of_the_base_needs_a_newer_base() {
    for command in
        ["apt-get install -y x", "apt dist-upgrade -y", "apt full-upgrade -y", "dnf5 upgrade -y", "yay -Su x"]
    {
        let base = image().layer(|l| l.file("var/lib/dpkg/status", "1").file("usr/bin/x", "x".repeat(5_000)));
        let image = base.layer(|l| l.file("usr/bin/x", "y".repeat(5_000)).created_by(&run(command)));
        let remedy = "layer 1: use a newer base that has these versions of the packages; this stores /usr/bin/x again";
        assert_eq!(said(&image, AdviceKind::OverwrittenLater), remedy, "{command}");
    }
}

#[test]
fn documentation_is_left_out_by_the_program_of_the_run() {
    let docs = |command: &str| {
        image().layer(|l| l.file("usr/share/doc/a/README", "x".repeat(1_000_000)).created_by(&run(command)))
    };
    let says = |command: &str, remedy: &str| {
        let said = said(&docs(command), AdviceKind::DocsAndLocales);
        assert!(said.starts_with(&format!("layer 0: {remedy}")), "{command}: {said}");
    };
    says("dnf5 install -y x", "write `dnf5 install --setopt=tsflags=nodocs`");
    says("aptitude install -y x", "before the installation, run `printf");
}

#[test]
fn pip_is_known_by_its_other_names() {
    for pip in ["pip3.13", "python3 -m pip", "/opt/venv/bin/python -m pip"] {
        let cache = built(&[("root/.cache/pip/a", &run(&format!("{pip} install a")))]);
        let said = said(&cache, AdviceKind::PythonCache);
        assert!(said.starts_with("layer 0: write `pip install --no-cache-dir`"), "{pip}: {said}");
    }
    for install in ["python3 -m pip install -r r.txt", "uv pip install -r r.txt", "pip -q install -r r.txt"] {
        let image = built(&[("app/a", "COPY . /app # buildkit"), ("app/b", &run(install))]);
        let remedy =
            "layer 0: copy the file of requirements first, run the installation of layer 1, then copy the rest";
        assert_eq!(said(&image, AdviceKind::CopyBeforeInstall), remedy, "{install}");
    }
}

/// Containers install from the lists.
#[test]
fn lists_stay_for_each_program_that_reads_them() {
    for command in ["apt-get install -y curl", "aptitude install -y curl", "timeout 60 apt install -y curl"] {
        let image = built(&[("var/lib/apt/lists/a", &run("apt-get update"))]);
        says(&image.starts(&["sh", "-c", &format!("{command} && ./app")]), &[]);
    }
}
