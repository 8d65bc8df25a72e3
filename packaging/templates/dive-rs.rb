# Homebrew formula. packaging/fill.sh fills in this template.
class DiveRs < Formula
  desc "Explore container images: what each layer changed, which bytes are wasted"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license "MIT"

  conflicts_with "dive", because: "both install a `dive` binary"

  on_macos do
    on_arm do
      url "@RELEASE@/dive-@VERSION@-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256_AARCH64_APPLE_DARWIN@"
    end
    on_intel do
      url "@RELEASE@/dive-@VERSION@-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256_X86_64_APPLE_DARWIN@"
    end
  end
  on_linux do
    on_arm do
      url "@RELEASE@/dive-@VERSION@-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256_AARCH64_UNKNOWN_LINUX_MUSL@"
    end
    on_intel do
      url "@RELEASE@/dive-@VERSION@-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256_X86_64_UNKNOWN_LINUX_MUSL@"
    end
  end

  def install
    bin.install "dive"
    doc.install "THIRD-PARTY.txt"
    man1.install Dir["man/*.1"]
    man5.install Dir["man/*.5"]
    bash_completion.install "completions/dive.bash" => "dive"
    zsh_completion.install "completions/_dive"
    fish_completion.install "completions/dive.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/dive --version")
    assert_match "no such file", shell_output("#{bin}/dive ./absent.tar 2>&1", 2)
  end
end
