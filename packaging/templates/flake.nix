# Nix flake of the released binaries: nix run ./FOLDER -- IMAGE. packaging/fill.sh fills in this template.
{
  description = "Explore a container image: what each layer changed, which bytes are wasted and why";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      version = "@VERSION@";
      releases = {
        x86_64-linux = { target = "x86_64-unknown-linux-musl"; sha256 = "@SHA256_X86_64_UNKNOWN_LINUX_MUSL@"; };
        aarch64-linux = { target = "aarch64-unknown-linux-musl"; sha256 = "@SHA256_AARCH64_UNKNOWN_LINUX_MUSL@"; };
        x86_64-darwin = { target = "x86_64-apple-darwin"; sha256 = "@SHA256_X86_64_APPLE_DARWIN@"; };
        aarch64-darwin = { target = "aarch64-apple-darwin"; sha256 = "@SHA256_AARCH64_APPLE_DARWIN@"; };
      };
      package = system: release:
        let pkgs = nixpkgs.legacyPackages.${system};
        in pkgs.stdenvNoCC.mkDerivation {
          pname = "dive-rs";
          inherit version;
          src = pkgs.fetchurl {
            url = "@RELEASE@/dive-${version}-${release.target}.tar.gz";
            inherit (release) sha256;
          };
          sourceRoot = ".";
          nativeBuildInputs = [ pkgs.installShellFiles ];
          installPhase = ''
            install -Dm755 dive $out/bin/dive
            install -Dm644 THIRD-PARTY.txt $out/share/doc/dive-rs/THIRD-PARTY.txt
            installManPage man/*
            installShellCompletion --bash completions/dive.bash --zsh completions/_dive --fish completions/dive.fish
          '';
          meta = {
            homepage = "@REPOSITORY@";
            license = pkgs.lib.licenses.mit;
            mainProgram = "dive";
            sourceProvenance = [ pkgs.lib.sourceTypes.binaryNativeCode ];
          };
        };
    in {
      packages = builtins.mapAttrs (system: release: { default = package system release; }) releases;
    };
}
