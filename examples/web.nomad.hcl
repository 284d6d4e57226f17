# Two tasks of one group: they share /alloc; when one fails the other is stopped.
job "web" {
  type = "batch"

  meta {
    stage = "demo"
  }

  group "pair" {
    task "write" {
      driver = "exec"
      config {
        command = "/bin/sh"
        args    = ["-c", "echo ${NOMAD_META_stage} > /alloc/data/note; echo written"]
      }
    }

    task "limited" {
      driver = "exec"
      user   = "nobody"
      env {
        GREETING = "hello from ${NOMAD_TASK_NAME}"
      }
      config {
        command  = "/bin/sh"
        args     = ["-c", "echo $GREETING; pwd; cat /sys/fs/cgroup/nothing 2>/dev/null; exit 0"]
        work_dir = "/local"
        cap_drop = ["all"]
      }
      resources {
        cpu        = 200
        memory     = 32
        memory_max = 64
      }
      logs {
        max_files     = 2
        max_file_size = 1
      }
    }
  }
}
