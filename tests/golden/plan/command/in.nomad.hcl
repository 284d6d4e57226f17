task "t" {
  driver = "exec"
  config {
    command = "my-program"
    args    = ["${NOMAD_TASK_NAME}", "", "two words"]
  }
  env {
    A = "1"
    HOME = "/ignored"
  }
}
