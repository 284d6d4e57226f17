task "t" {
  driver       = "exec"
  kill_signal  = "SIGTERM"
  kill_timeout = "1m30s"
  config {
    command = "/bin/true"
  }
  logs {
    max_files     = 3
    max_file_size = 2
  }
}
