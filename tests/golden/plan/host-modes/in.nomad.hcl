task "t" {
  driver = "exec"
  config {
    command  = "/bin/true"
    pid_mode = "host"
    ipc_mode = "host"
  }
}
