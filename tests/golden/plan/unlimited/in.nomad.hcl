task "t" {
  driver = "exec"
  config {
    command = "/bin/true"
  }
  resources {
    cpu        = 1000
    memory     = 128
    memory_max = -1
  }
}
