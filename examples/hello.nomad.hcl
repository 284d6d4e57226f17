# What `make run` shows: a job file as Nomad takes it, run isolated on this machine.
job "hello" {
  type = "batch"

  group "hello" {
    task "greet" {
      driver = "exec"

      config {
        command = "/bin/sh"
        args = ["-c", <<-EOT
          echo "Hello from ${NOMAD_JOB_NAME}/${NOMAD_TASK_NAME}, alloc ${NOMAD_SHORT_ALLOC_ID}."
          echo
          echo "I am            $(id)"
          echo "my processes    $(ls /proc | grep -c '^[0-9]') (I am number $$)"
          echo "my root         $(ls / | tr '\n' ' ')"
          echo "my limits       ${NOMAD_MEMORY_LIMIT} MB, ${NOMAD_CPU_LIMIT} MHz"
          echo "my capabilities $(grep CapEff /proc/self/status | cut -f2)"
          cat /etc/shadow 2>&1 | sed 's/^/the shadow file /'
          touch /usr/x 2>&1 | sed 's/^/a write to usr   /'
        EOT
        ]
      }

      resources {
        cpu    = 100
        memory = 64
      }
    }
  }
}
