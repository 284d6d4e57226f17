task "t" {
  driver = "exec"
  config {
    command  = "/bin/true"
    work_dir = "/etc/none/here"
  }
}
