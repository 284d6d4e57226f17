task "t" {
  driver = "exec"
  config {
    command  = "/bin/true"
    cap_add  = ["net_bind_service", "CAP_CHOWN"]
    cap_drop = ["chown"]
  }
}
