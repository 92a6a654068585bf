"""A sandbox in which one submission is built, booted and graded, by bubblewrap.

Another user (nobody, if root starts it), no network, no other processes, a file system of which only the results
may be written, and limits: time, processor time, memory of each process, number of processes, size of what is
built, of files and of output. The clean tree is made in memory and goes away with the sandbox, so nothing of one
submission is left for the next.
"""

import os
import selectors
import shutil
import signal
import subprocess
import sys
import time

NOBODY = 65534
WALL_SECONDS, CPU_SECONDS = 600, 1800
MEMORY_BYTES = 8 << 30  # addresses of one process; QEMU reserves more than it uses
BUILT_BYTES, FILE_BYTES = 1 << 30, 256 << 20
PROCESSES, OUTPUT_BYTES = 512, 1 << 20
TREE, SUBMISSION, RESULTS = "/tmp/tree", "/submission", "/results"
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache",
          "/etc/passwd")
REFUSED = """Nothing was graded: there is no sandbox on this machine ({why}).
A submission is compiled, and runs in QEMU, as the user who grades it. tools/grade-all --no-sandbox grades it all
the same: do that in a machine that you can throw away."""


class NoSandbox(Exception):
    """bubblewrap is not here, or may not make what it needs. The text says why."""


def confined(root, submission, results):
    """Returns the beginning of a command that runs the rest of it in the sandbox. `root` is the tree of the
    teachers, to be read; `submission` is to be read, `results` to be written."""
    command = ["prlimit", f"--cpu={CPU_SECONDS}", f"--as={MEMORY_BYTES}", f"--fsize={FILE_BYTES}", "--core=0"]
    if os.geteuid() == 0:
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs", *command]
    command += ["bwrap", "--unshare-all", "--new-session", "--die-with-parent", "--clearenv",
                "--uid", str(NOBODY), "--gid", str(NOBODY), "--hostname", "grader"]
    for word, value in (("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/tmp"), ("LC_ALL", "C.UTF-8"),
                        ("PYTHONDONTWRITEBYTECODE", "1")):
        command += ["--setenv", word, value]
    for path in SYSTEM:
        command += ["--ro-bind-try", path, path]
    return [*command, "--proc", "/proc", "--dev", "/dev", "--size", str(BUILT_BYTES), "--tmpfs", "/tmp",
            "--ro-bind", root, root, "--ro-bind", submission, SUBMISSION, "--bind", results, RESULTS,
            "--chdir", root, "prlimit", f"--nproc={PROCESSES}"]


def check(root):
    """Raises NoSandbox if a command cannot be run in a sandbox here."""
    for tool in ("bwrap", "prlimit", "setpriv"):
        if shutil.which(tool) is None:
            raise NoSandbox(f"{tool} is not installed; Debian's package is "
                            f"{'bubblewrap' if tool == 'bwrap' else 'util-linux'}")
    # The results are looked at only for their path, so any folder will do.
    done = subprocess.run([*confined(root, root, root), "test", "-r", os.path.join(root, "Makefile")],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode:
        raise NoSandbox(done.stdout.strip() or f"another user cannot read {root}")


def run(root, submission, results, command):
    """Runs a command in the sandbox. Returns (its status, or None after WALL_SECONDS; the end of its output)."""
    os.makedirs(results, exist_ok=True)
    if os.geteuid() == 0:
        give(results)
    return run_free([*confined(root, submission, results), *command])


def run_free(command):
    """Runs a command with the limits on time and output, and no others. Returns what run() returns."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True) as process:
        try:
            data = read_some(process)
            status = process.wait(1)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)
            time.sleep(1)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None, ""
    return status, data.decode(errors="replace")


def read_some(process):
    """Returns the output of a process. One that takes too long or prints too much raises TimeoutExpired."""
    data, end = b"", time.monotonic() + WALL_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            left = end - time.monotonic()
            if left <= 0 or len(data) > OUTPUT_BYTES:
                raise subprocess.TimeoutExpired(process.args, WALL_SECONDS)
            if selector.select(left):
                piece = os.read(process.stdout.fileno(), 1 << 16)
                if not piece:
                    return data
                data += piece


def give(folder):
    """Makes a folder and what is in it writable for the user of the sandbox."""
    os.chown(folder, NOBODY, NOBODY)
    for directory, below, names in os.walk(folder):
        for name in below + names:
            os.chown(os.path.join(directory, name), NOBODY, NOBODY, follow_symlinks=False)


def main():
    """Says whether there is a sandbox here: status 0 or 1."""
    try:
        check(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    except NoSandbox as error:
        print(REFUSED.format(why=error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
