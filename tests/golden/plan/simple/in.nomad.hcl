task "simple" {
  driver = "exec"
  config {
    command = "/bin/sleep"
    args    = ["1"]
  }
}
