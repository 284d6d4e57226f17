#!/usr/bin/env python3
"""Artifacts: fetched by isoexec-fetch from servers of the test's own, every kind of checksum and archive, every failure of the network, 16
hostile archives."""
import bz2
import gzip
import hashlib
import io
import lzma
import os
import struct
import subprocess
import sys
import tarfile
import tempfile
import shutil
import time
import zipfile
import zlib

from harness import BUILD, ISOEXEC, PATIENCE, Suite, check

test = Suite()
HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = b"#!/bin/sh\necho I am the artifact\n"


class Server:
    """A server process of the test; `with Server(dir) as url`."""

    def __init__(self, root, cert=None):
        self.args = [sys.executable, os.path.join(HERE, "../tools/server.py"), root, *(cert or [])]
        self.scheme = "https" if cert else "http"

    def __enter__(self):
        self.process = subprocess.Popen(self.args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return f"{self.scheme}://127.0.0.1:{int(self.process.stdout.readline())}"

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def certificate(place):
    cert, key = place.path("cert.pem"), place.path("key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.chmod(cert, 0o644)
    os.chmod(place.dir, 0o755)
    return [cert, key]


def files(place):
    root = place.path("www")
    os.makedirs(root, exist_ok=True)
    with open(os.path.join(root, "name-of-my-binary"), "wb") as f:
        f.write(PROGRAM)
    return root


def config(place, more=""):
    return place.write("isoexec.hcl", 'plugin "exec" {\n config {\n allow_artifact_hosts = ["127.0.0.0/8"]\n' + more + "\n }\n}\n")


JOB = """
task "example" {
  driver = "exec"
  config {
    command = "%s"
    args    = [%s]
  }
  artifact {
    source      = "%s"
    destination = "%s"
%s
  }
}
"""


RESTART = """
  }
  restart {
    attempts = 3
    delay    = "10ms"
    interval = "10m"
    mode     = "fail"
"""


def job(place, source, command="name-of-my-binary", args="", destination="local/", more=""):
    return place.write("job.nomad.hcl", JOB % (command, args, source, destination, more))


def options(**values):
    inner = "\n".join(f'      {k} = "{v}"' for k, v in values.items())
    return f"    options {{\n{inner}\n    }}\n"


def fail(place, c, path, *words, timeout=60):
    r = place.run("-config", c, path, timeout=timeout)
    check(r, 125, stderr="failed to download artifact")
    for word in words:
        assert word in r.stderr, f"expected '{word}' in: {r.stderr}"


@test
def test_manual_example_http(place):
    digest = hashlib.sha256(PROGRAM).hexdigest()
    with Server(files(place)) as url:
        path = job(place, url + "/name-of-my-binary", more=options(checksum="sha256:" + digest))
        check(place.run("-config", config(place), path), 0, stdout="I am the artifact\n")


@test
def test_manual_example_https(place):
    cert = certificate(place)
    digest = hashlib.sha256(PROGRAM).hexdigest()
    with Server(files(place), cert) as url:
        path = job(place, url + "/name-of-my-binary", more=options(checksum="sha256:" + digest))
        check(place.run("-config", config(place, f'artifact_ca_file = "{cert[0]}"'), path), 0, stdout="I am the artifact\n")
        fail(place, config(place), path, "certificate")


@test
def test_destination_secrets(place):
    """The directory itself: into the tmpfs, nothing on the disk."""
    with Server(files(place)) as url:
        for destination, more in (("secrets/", ""), ("secrets", '    mode = "file"\n'), ("secrets/x/", "")):
            path = job(place, url + "/name-of-my-binary", destination=destination, more=more, command="/bin/sh",
                       args='"-c", "find /secrets -type f -exec cat {} + && stat -f -c %T /secrets"')
            check(place.run("-config", config(place), path), 0, stdout="I am the artifact\ntmpfs\n")


@test
def test_every_checksum(place):
    root = files(place)
    with open(os.path.join(root, "SUMS"), "w", encoding="utf-8") as f:
        f.write(f"{hashlib.sha256(b'other').hexdigest()}  other\n{hashlib.sha256(PROGRAM).hexdigest()}  name-of-my-binary\n")
    with Server(root) as url:
        kinds = {k: f"{k}:{hashlib.new(k, PROGRAM).hexdigest()}" for k in ("md5", "sha1", "sha256", "sha512")}
        kinds["bare"] = hashlib.sha512(PROGRAM).hexdigest()
        kinds["file"] = f"file:{url}/SUMS"
        for value in kinds.values():
            check(place.run("-config", config(place), job(place, url + "/name-of-my-binary", more=options(checksum=value))), 0,
                  stdout="I am the artifact\n")
        for kind in ("md5", "sha1", "sha256", "sha512"):
            wrong = f"{kind}:{hashlib.new(kind, b'x').hexdigest()}"
            fail(place, config(place), job(place, url + "/name-of-my-binary", more=options(checksum=wrong)), "checksum")


@test
def test_failures_of_the_network(place):
    with Server(files(place)) as url:
        c = config(place)
        fail(place, c, job(place, url + "/none"), "job.nomad.hcl:9:19:", "server answered 404 (not found)")
        fail(place, c, job(place, url + "/loop"), "more than 10 redirects")
        fail(place, c, job(place, url + "/short"), "cut short after 4 bytes")
        fail(place, c, job(place, url + "/to?file:///etc/passwd"), "only http and https are followed")
        fail(place, place.write("strict.hcl", ""), job(place, url + "/name-of-my-binary"), "loopback")
        check(place.run("-config", c, job(place, url + "/to?" + url + "/name-of-my-binary", more=options(filename="name-of-my-binary"))), 0,
              stdout="I am the artifact\n")
    fail(place, config(place), job(place, url + "/name-of-my-binary"), "get 'http://127.0.0.1")  # nobody listens any more


@test
def test_names_are_resolved(place):
    """By a thread of libcurl's, behind the filter."""
    with Server(files(place)) as url:
        path = job(place, url.replace("127.0.0.1", "localhost") + "/name-of-my-binary")
        check(place.run("-config", config(place), path), 0, stdout="I am the artifact\n")


def request(place, **values):
    """isoexec-fetch itself, with limits of the test's own."""
    dest, staging = place.path("dest"), place.path("staging")
    for d in (dest, staging):
        os.makedirs(d, exist_ok=True)
        os.chown(d, 65534, 65534)
    text = b"".join(f"{k}={v}".encode() + b"\0" for k, v in {"uid": 65534, "gid": 65534, "allow_host": "127.0.0.1", **values}.items())
    source = tempfile.TemporaryFile()
    source.write(text)
    source.seek(0)
    report_read, report_write = os.pipe()
    fds = [source.fileno(), os.open(dest, os.O_DIRECTORY), os.open(staging, os.O_DIRECTORY), report_write]

    def arrange():
        moved = [os.dup(fd) for fd in fds]
        high = [os.open("/dev/null", os.O_RDONLY) for _ in range(8)]
        del high
        import fcntl
        moved = [fcntl.fcntl(fd, fcntl.F_DUPFD, 50) for fd in moved]
        for target, fd in enumerate(moved, 3):
            os.dup2(fd, target)

    p = subprocess.run([os.path.join(BUILD, "isoexec-fetch")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       preexec_fn=arrange, close_fds=False, env={}, timeout=120 * PATIENCE, check=False)
    for fd in fds:
        if fd != source.fileno():
            os.close(fd)
    report = b""
    os.set_blocking(report_read, False)
    try:
        report = os.read(report_read, 65536)
    except BlockingIOError:
        pass
    os.close(report_read)
    text = "\n".join(text.split(b"\0")[0].decode() for _, _, text in struct.iter_unpack("ii1016s", report))
    left = sorted(os.listdir(staging))
    assert not left, f"left in staging: {left}"
    return p.returncode, text, p.stderr.decode()


@test
def test_hanging_server(place):
    with Server(files(place)) as url:
        code, text, _ = request(place, source=url + "/hang", idle_ms=300)
    assert code == 1 and "server sent nothing for 300 ms" in text, (code, text)
    assert os.listdir(place.path("dest")) == []


@test
def test_names_of_files(place):
    """A plain download is called by the same rules as a file of an archive."""
    root = files(place)
    for name in ("a\x1b]0;pwn\x07", "a\\b"):
        with open(os.path.join(root, name), "wb") as f:
            f.write(b"x")
    with Server(root) as url:
        for name in ("a%1b%5d0;pwn%07", "a%5cb"):
            code, text, _ = request(place, source=f"{url}/{name}")
            assert code == 1 and "control byte" in text and os.listdir(place.path("dest")) == [], (code, text)


@test
def test_staging_of_one_that_was_killed(place):
    os.makedirs(place.path("staging/unpacked/d"))
    with open(place.path("staging/download"), "wb") as f:
        f.write(b"half")
    for base, dirs, names in os.walk(place.path("staging")):
        for name in dirs + names:
            os.chown(os.path.join(base, name), 65534, 65534)
    with Server(files(place)) as url:
        code, text, _ = request(place, source=url + "/name-of-my-binary")
    assert code == 0, text


@test
def test_limits_and_progress(place):
    root = files(place)
    with open(os.path.join(root, "big"), "wb") as f:
        f.write(b"x" * 300000)
    with Server(root) as url:
        code, text, _ = request(place, source=url + "/big", max_bytes=100000)
        assert code == 1 and "larger than 100000 bytes" in text, (code, text)
        assert os.listdir(place.path("dest")) == []
        code, text, err = request(place, source=url + "/big")
        assert code == 0 and err == "", (code, text, err)
        assert os.path.getsize(place.path("dest/big")) == 300000


@test
def test_secrets_are_not_told(place):
    with Server(files(place)) as url:
        host = url.split("//")[1]
        code, text, _ = request(place, source=f"http://user:hunter2@{host}/none?token=hunter3")
    assert code == 1 and "hunter" not in text, text


@test
def test_secrets_are_there_after_a_restart(place):
    # also where the secrets directory cannot be kept for the next start (before Linux 6.15): fetched again then
    with Server(files(place)) as url:
        path = job(place, url + "/name-of-my-binary", command="sh", destination="secrets/", more=RESTART,
                   args='"-c", "cat /secrets/name-of-my-binary; echo x >> /local/runs; test $(wc -l < /local/runs) = 2"')
        r = place.run("-config", config(place), path)
    check(r, 0)
    assert r.stdout == PROGRAM.decode() * 2, (r.stdout, r.stderr)


@test
def test_headers_stay_with_their_origin(place):
    with Server(files(place)) as one, Server(files(place)) as two:
        code, text, _ = request(place, source=one + "/to?" + two + "/headers", header="X-Secret: s3cret", filename="h")
        assert code == 0, text
        with open(place.path("dest/h"), encoding="utf-8") as f:
            assert "s3cret" not in f.read()
        code, text, _ = request(place, source=one + "/headers", header="X-Secret: s3cret", filename="h")
        with open(place.path("dest/h"), encoding="utf-8") as f:
            assert "X-Secret: s3cret" in f.read()


@test
def test_full_disk(place):
    root = files(place)
    with open(os.path.join(root, "name-of-my-binary"), "wb") as f:
        f.write(os.urandom(3 << 20))
    os.mkdir(place.path("small"))
    with Server(root) as url:
        path = job(place, url + "/name-of-my-binary")
        mount = "mount --make-rprivate / && mount -t tmpfs -o size=1m tmpfs $1 && shift && exec \"$@\""
        r = subprocess.run(["unshare", "-m", "sh", "-c", mount, "sh", place.path("small"), ISOEXEC, "run", "-config", config(place), "-data-dir",
                            place.path("small"), "-state-dir", place.state, "-cgroup-parent", place.parent, path],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        check(r, 125, stderr="No space left on device")


def tree(build):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, data, mode in (("top/", None, 0o777), ("top/prog", PROGRAM, 0o6777), ("top/data", b"data\n", 0o666)):
            info = tarfile.TarInfo(name)
            info.mode, info.uid = mode, 0
            if data is None:
                info.type = tarfile.DIRTYPE
            else:
                info.size = len(data)
            t.addfile(info, io.BytesIO(data) if data is not None else None)
        link = tarfile.TarInfo("top/link")
        link.type, link.linkname = tarfile.SYMTYPE, "data"
        t.addfile(link)
    return build(out.getvalue())


@test
def test_archives(place):
    root = files(place)
    zstd = shutil.which("zstd")
    makers = {"a.tar": bytes, "a.tar.gz": gzip.compress, "a.tgz": gzip.compress, "a.tar.bz2": bz2.compress, "a.tar.xz": lzma.compress}
    if zstd:
        makers["a.tar.zst"] = lambda data: subprocess.run([zstd, "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
    for name, maker in makers.items():
        with open(os.path.join(root, name), "wb") as f:
            f.write(tree(maker))
    with zipfile.ZipFile(os.path.join(root, "a.zip"), "w") as z:
        z.writestr("top/prog", PROGRAM)
        z.writestr("top/data", "data\n")
    with Server(root) as url:
        for name in [*makers, "a.zip"]:
            path = job(place, f"{url}/{name}", command="/bin/sh",
                       args='"-c", "sh /local/top/prog && cat /local/top/data && ls -ln /local/top"')
            r = place.run("-config", config(place), path)
            check(r, 0, stdout="I am the artifact\ndata\n")
            assert "65534" in r.stdout and "rws" not in r.stdout, r.stdout
        with open(os.path.join(root, "one.gz"), "wb") as f:
            f.write(gzip.compress(b"alone\n"))
        check(place.run("-config", config(place), job(place, url + "/one.gz", command="/bin/cat", args='"/local/one"')), 0, stdout="alone\n")
        check(place.run("-config", config(place), job(place, url + "/a.tar", command="/bin/sh", args='"-c", "ls /local"', more=options(archive="false"))), 0,
              stdout="a.tar\n")
        check(place.run("-config", config(place), job(place, url + "/name-of-my-binary", command="/local/bin/x", destination="local/bin/x", more='    mode = "file"\n')), 0,
              stdout="I am the artifact\n")


@test
def test_names_beyond_ascii(place):
    root = place.path("www")
    name = "na\u00efve-\u4e2d.txt"
    tarball(root, "pax.tar", (name, b"x"), ("l", name), format=tarfile.PAX_FORMAT)
    tarball(root, "gnu.tar", (name, b"x"), ("l", name), format=tarfile.GNU_FORMAT)
    with zipfile.ZipFile(os.path.join(root, "a.zip"), "w") as z:
        z.writestr(name, b"x")
    with Server(root) as url:
        for archive in ("pax.tar", "gnu.tar", "a.zip"):
            shutil.rmtree(place.path("dest"), ignore_errors=True)
            code, text, _ = request(place, source=f"{url}/{archive}")
            assert code == 0 and name in os.listdir(place.path("dest")), (archive, code, text)


def sparse_tar(path, size, at):
    """GNU's old format: a file of @size with a block of data at @at, which is all that the archive holds of it."""
    info = tarfile.TarInfo("sparse")
    info.size = 512
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[156:157] = b"S"
    block[386:410] = b"%011o\0%011o\0" % (at, 512)
    block[483:495] = b"%011o\0" % size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    with open(path, "wb") as f:
        f.write(bytes(block) + b"x" * 512 + bytes(1024))


@test
def test_holes_count(place):
    """A file's size is what it claims to have, not what the archive holds of it; holes do not make it a bomb."""
    root = files(place)
    sparse_tar(os.path.join(root, "sparse.tar"), (300 << 20) + 512, 300 << 20)
    with Server(root) as url:
        code, text, _ = request(place, source=url + "/sparse.tar", unpack_bytes=200 << 20)
        assert code == 1 and "holds more than" in text, (code, text)
        code, text, _ = request(place, source=url + "/sparse.tar")
        assert code == 0 and os.stat(place.path("dest/sparse")).st_blocks < 1000, text


@test
def test_links_to_secrets(place):
    """Another file system: what cannot be moved there is made again, also a link."""
    root = place.path("www")
    tarball(root, "a.tar", ("d/f", b"I am the artifact\n"), ("d/l", "f"))
    with Server(root) as url:
        path = job(place, url + "/a.tar", destination="secrets/", command="/bin/sh", args='"-c", "readlink /secrets/d/l && cat /secrets/d/l"')
        check(place.run("-config", config(place), path), 0, stdout="f\nI am the artifact\n")


@test
def test_hostile_archives(place):
    """The 16: refused, or unpacked without harm. Nothing outside of the destination changes."""
    root = place.path("www")
    outside = place.path("outside")
    canary = os.path.join(outside, "canary")
    os.makedirs(os.path.join(outside, "a"))
    with open(canary, "w", encoding="utf-8") as f:
        f.write("alive\n")
    os.chmod(outside, 0o777)
    os.chmod(canary, 0o666)
    subprocess.run([sys.executable, os.path.join(HERE, "../escape/mkarchives.py"), root, canary], check=True, stdout=subprocess.DEVNULL)
    names = sorted(os.listdir(root))
    assert len(names) == 16, names
    before = os.lstat(canary)
    mode_before = os.lstat(outside).st_mode
    safe = []
    with Server(root) as url:
        for name in names:
            for d in ("dest", "staging"):
                shutil.rmtree(place.path(d), ignore_errors=True)
            place_dest = place.path("outside/a/dest")
            shutil.rmtree(place_dest, ignore_errors=True)
            code, text, _ = request(place, source=f"{url}/{name}", unpack_bytes=200 << 20, unpack_entries=4096)
            after = os.lstat(canary)
            with open(canary, encoding="utf-8") as f:
                assert f.read() == "alive\n", name
            assert (after.st_ino, after.st_mode, after.st_uid, after.st_ctime_ns) == (before.st_ino, before.st_mode, before.st_uid, before.st_ctime_ns), name
            assert os.lstat(outside).st_mode == mode_before, name
            for base, dirs, entries in os.walk(place.path("dest")):
                for entry in dirs + entries:
                    st = os.lstat(os.path.join(base, entry))
                    assert not st.st_mode & 0o6000, (name, entry)
                    import stat
                    assert stat.S_ISREG(st.st_mode) or stat.S_ISDIR(st.st_mode) or stat.S_ISLNK(st.st_mode), (name, entry)
            if code == 0:
                safe.append(name)
            else:
                assert text, name
    # these hold nothing hostile once set-id bits are cut and a bare .gz is one file
    assert set(safe) <= {"A05-setid.tar", "A11-gzip-in-gzip.gz"}, safe


def tarball(root, name, *entries, mode="w", **more):
    """Entries: (name, bytes) a file, (name, "target") a symbolic link, (name, None) a directory."""
    os.makedirs(root, exist_ok=True)
    with tarfile.open(os.path.join(root, name), mode, **more) as t:
        for entry, what in entries:
            info = tarfile.TarInfo(entry)
            if what is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(what, str):
                info.type, info.linkname = tarfile.SYMTYPE, what
            else:
                info.size = len(what)
            t.addfile(info, io.BytesIO(what) if isinstance(what, bytes) else None)


@test
def test_links_stay_inside(place):
    """No link leads out, alone, through others, or by taking just a part of the archive; a link to nothing inside is a link."""
    root = place.path("www")
    deep = "d/e/f/g/h/i/j/k/m/n"
    dirs = [(deep[:2 * i + 1], None) for i in range(10)]
    tarball(root, "chain.tar", *dirs, (deep + "/s", "/".join([".."] * 10)), ("tools", deep + "/s/" + "../" * 8 + "tmp/x"))
    tarball(root, "part.tar", ("top", None), ("x", b"x"), ("top/l", "../x"))
    tarball(root, "fine.tar", ("top", None), ("x", b"x"), ("top/l", "../x"), ("top/none", "not/there"), ("self", "self"), ("l", "top/l"))
    with Server(root) as url:
        for source in ("chain.tar", "part.tar//top"):
            code, text, _ = request(place, source=f"{url}/{source}")
            assert code == 1 and "leads out of the destination" in text, (source, code, text)
            assert os.listdir(place.path("dest")) == []
        code, text, _ = request(place, source=url + "/fine.tar")
        assert code == 0, text
    assert os.readlink(place.path("dest/top/none")) == "not/there" and os.path.exists(place.path("dest/l"))


@test
def test_deep_archives(place):
    """As deep as it may be: unpacked, unpacked over itself, and into another file system. Directories that names imply count as entries."""
    root = place.path("www")
    tarball(root, "deep.tar", ("d/" * 63 + "f", b"deep\n"))
    tarball(root, "too-deep.tar", ("d/" * 64 + "f", b"deep\n"))
    tarball(root, "implied.tar.gz", *((f"{i}" + "/d" * 62, b"x") for i in range(100)), mode="w:gz")
    tarball(root, "shared.tar.gz", *(("d/" * 62 + f"{i}", b"x") for i in range(4000)), mode="w:gz")
    with Server(root) as url:
        for _ in range(2):
            code, text, _ = request(place, source=url + "/deep.tar")
            assert code == 0, text
        assert os.path.getsize(place.path("dest/" + "d/" * 63 + "f")) == 5
        check(place.run("-config", config(place), job(place, url + "/deep.tar", destination="secrets/", command="/bin/cat", args='"/secrets/' + "d/" * 63 + 'f"')), 0,
              stdout="deep")
        code, text, _ = request(place, source=url + "/too-deep.tar")
        assert code == 1 and "too deep" in text, (code, text)
        code, text, _ = request(place, source=url + "/implied.tar.gz")
        assert code == 1 and "more than 4096 entries" in text, (code, text)
        code, text, _ = request(place, source=url + "/shared.tar.gz")
        assert code == 0, text


def worker_of(pid, timeout=10):
    """The isoexec-fetch below an isoexec, once it is in its sandbox."""
    deadline = time.monotonic() + timeout * PATIENCE
    while time.monotonic() < deadline:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            children = f.read().split()
        if children and "Seccomp:\t2" in status_of(children[0]):
            return int(children[0])
        time.sleep(0.01)
    raise AssertionError("no isoexec-fetch in its sandbox")


def status_of(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            return f.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


@test
def test_worker_is_small_and_mortal(place):
    """What a worker has left to lose, and that it does not outlive its isoexec."""
    with Server(files(place)) as url:
        isoexec = place.start("-config", config(place), job(place, url + "/slow/x"))
        try:
            pid = worker_of(isoexec.pid)
            status = status_of(pid)
            for line in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                assert f"{line}:\t{0:016x}" in status, status
            assert "NoNewPrivs:\t1" in status, status
            assert os.getsid(pid) == pid
            with open(f"/proc/{pid}/limits", encoding="ascii") as f:
                limits = {line[:25].strip(): line[25:].split()[0] for line in f}
            assert limits["Max address space"] == str(512 << 20) and limits["Max core file size"] == "0", limits
        finally:
            isoexec.kill()
            isoexec.communicate()
        deadline = time.monotonic() + 5 * PATIENCE
        while status_of(pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not status_of(pid), status_of(pid)
    for path in (place.data, place.state):
        shutil.rmtree(path)  # isoexec could not


@test
def test_terminal(place):
    """The worker has none of it; what it says is shown by isoexec, with nothing in it that a terminal obeys."""
    with Server(files(place)) as url:
        ours, theirs = os.openpty()
        path = job(place, url + "/slow/%1b%5d0;pwn%07%c2%9b.zip")
        isoexec = subprocess.Popen([ISOEXEC, "run", *place.options(), "-config", config(place), path], stdin=theirs, stdout=theirs, stderr=theirs,
                                   start_new_session=True)
        os.close(theirs)
        try:
            pid = worker_of(isoexec.pid)
            assert [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in range(3)] == ["/dev/null"] * 3
            with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
                assert f.read().rsplit(")", 1)[1].split()[4] == "0", "it has a controlling terminal"
            told = b""
            while b" MB/s" not in told:
                told += os.read(ours, 4096)
            assert b"fetching ^[]0;pwn^G\\x9b.zip" in told, told
            isoexec.terminate()
            while True:
                try:
                    told += os.read(ours, 4096)
                except OSError:  # nobody has the other end any more
                    break
            assert b"\x1b]" not in told and b"\x07" not in told and b"\x9b" not in told, told
        finally:
            isoexec.kill()
            isoexec.wait()
            os.close(ours)


@test
def test_progress_records(place):
    """Only on demand, before the end, with no fault; nothing on a stream."""
    with Server(files(place)) as url:
        code, text, err = request(place, source=url + "/slow/x", progress="true", max_bytes=20000)
    assert code == 1 and err == "", (code, err)
    *progress, error = text.split("\n")
    assert "larger than 20000 bytes" in error, text
    assert progress and all(line.startswith("fetching x  0.0") for line in progress), text


@test
def test_memory_of_decoders(place):
    """zstd's largest window is read; a dictionary of 3 GiB is refused (xz declares it in its header and takes it at once)."""
    root = files(place)
    if shutil.which("zstd"):
        with open(os.path.join(root, "long.zst"), "wb") as f:
            subprocess.run(["zstd", "-q", "-c", "-1", "--long=27"], input=os.urandom(1 << 20) * 200, stdout=f, check=True)
    xz = bytearray(lzma.compress(b"x" * 100, preset=0))
    header = xz[12:12 + (xz[12] + 1) * 4]  # of the first block: after the stream's header; ends in its CRC32
    header[4] = 39  # 3 GiB (xz-file-format.txt, 5.3.1)
    xz[12:12 + len(header)] = header[:-4] + struct.pack("<I", zlib.crc32(header[:-4]))
    with open(os.path.join(root, "huge.xz"), "wb") as f:
        f.write(xz)
    with Server(root) as url:
        if shutil.which("zstd"):
            code, text, _ = request(place, source=url + "/long.zst")
            assert code == 0, text
        code, text, _ = request(place, source=url + "/huge.xz")
        assert code == 1 and "cannot be read in 512 MiB of memory" in text, (code, text)


test.main()
