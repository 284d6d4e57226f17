task "t" {
  driver = "exec"
  config {
    command = "/bin/true"
  }
  resources {
    cores      = 2
    memory     = 256
    memory_max = 512
    secrets    = 4
  }
}
