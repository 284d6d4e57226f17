task "t" {
  driver = "exec"
  user   = "root"
  config {
    command       = "/bin/true"
    writable_root = true
  }
}
