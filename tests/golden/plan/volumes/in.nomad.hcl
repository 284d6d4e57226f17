group "g" {
  volume "data" {
    type   = "host"
    source = "data"
  }
  task "t" {
    driver = "exec"
    config {
      command = "/bin/true"
    }
    volume_mount {
      volume      = "data"
      destination = "/data"
    }
    volume_mount {
      volume           = "data"
      destination      = "/usr/share/app/deep"
      read_only        = true
      propagation_mode = "host-to-task"
    }
  }
}
