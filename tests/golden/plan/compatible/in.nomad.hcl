task "t" {
  driver = "exec"
  config {
    command = "/bin/true"
  }
  logs {
    disabled = true
  }
}
