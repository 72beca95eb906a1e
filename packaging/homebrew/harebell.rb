class Harebell < Formula
  desc "Message broker that speaks AMQP 0-9-1, for clients made for RabbitMQ"
  homepage "https://github.com/harebellmq/harebell"
  version "{{.Version}}"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "{{.URL "darwin" "arm64"}}"
      sha256 "{{.Sum "darwin" "arm64"}}"
    end
    on_intel do
      url "{{.URL "darwin" "amd64"}}"
      sha256 "{{.Sum "darwin" "amd64"}}"
    end
  end

  on_linux do
    on_arm do
      url "{{.URL "linux" "arm64"}}"
      sha256 "{{.Sum "linux" "arm64"}}"
    end
    on_intel do
      url "{{.URL "linux" "amd64"}}"
      sha256 "{{.Sum "linux" "amd64"}}"
    end
  end

  def install
    bin.install "harebell"
    pkgshare.install "harebell.conf"
    generate_completions_from_executable(bin/"harebell", "completion")
  end

  service do
    run [opt_bin/"harebell", "serve", "--data-dir", var/"lib/harebell"]
    keep_alive true
    log_path var/"log/harebell.log"
    error_log_path var/"log/harebell.log"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/harebell version")
  end
end
