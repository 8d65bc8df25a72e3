//! Compiles `src/memory.c` for the static program. Other programs use the functions of their C library.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=src/memory.c");
    let is = |variable: &str, value: &str| env::var(variable).is_ok_and(|set| set == value);
    if !is("CARGO_CFG_TARGET_ENV", "musl") || !is("CARGO_CFG_TARGET_ARCH", "x86_64") {
        return;
    }
    cc::Build::new()
        .file("src/memory.c")
        .opt_level(2)
        .warnings(true)
        .warnings_into_errors(true)
        // A compiler that knows these functions would replace a loop in one by a call of it.
        .flag("-ffreestanding")
        .flag("-fno-builtin")
        .flag_if_supported("-fno-tree-loop-distribute-patterns")
        .flag("-fno-stack-protector")
        .cargo_metadata(false)
        .compile("dive_memory");
    let folder = env::var("OUT_DIR").unwrap_or_default();
    println!("cargo::rustc-link-search=native={folder}");
    // As a whole, so that the linker has them before it looks for them in libc.a.
    println!("cargo::rustc-link-lib=static:+whole-archive=dive_memory");
}
