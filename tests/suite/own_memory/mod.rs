//! The functions of `src/memory.c`, which the static program uses instead of those of musl. A failure means that this program reads
//! images wrong, or reads and writes outside of its buffers.

use std::process::Command;

use crate::place::repository;

#[test]
fn memory_functions_agree_with_simple_ones() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("compare");
    let compiled = Command::new("cc")
        .args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fno-builtin", "-I"])
        .arg(repository("src"))
        .arg("-o")
        .arg(&program)
        .arg(repository("tests/suite/own_memory/compare.c"))
        .output()
        .expect("cc");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let compared = Command::new(&program).output().unwrap();
    assert!(compared.status.success(), "{}", String::from_utf8_lossy(&compared.stderr));
    assert_eq!(compared.stdout, b"equal\n");
}
