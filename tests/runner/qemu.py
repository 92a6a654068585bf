"""Runs QEMU. It boots the kernel by PVH, or the ISO as CD or USB disk with BIOS or OVMF."""

import os
import shutil

from .gdb import Gdb
from .machine import Machine, MachineError
from .qmp import Qmp

OVMF_PAIRS = (
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
)


class Qemu(Machine):
    """A QEMU with its serial line on a pipe and its QMP on a socket."""

    def command(self):
        row = self.row
        command = [
            self.paths.qemu, "-machine", row.machine, "-accel", "tcg", "-smp", str(row.cpus),
            "-m", str(row.memory_mib), "-nodefaults", "-display", "none", "-vga", "std",
            "-no-reboot", "-chardev", "stdio,id=serial,signal=off", "-serial", "chardev:serial",
            "-qmp", f"unix:{self._short}/qmp,server=on,wait=off",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
            "-d", "cpu_reset,guest_errors", "-D", os.path.join(self.directory, "qemu.log"),
        ]
        if row.gdb:
            command += ["-chardev", f"socket,id=gdb,path={self._short}/gdb,server=on,wait=off",
                        "-gdb", "chardev:gdb", "-S"]
        if row.cpu:
            command += ["-cpu", row.cpu]
        if row.boot == "pvh":
            command += ["-kernel", self.paths.kernel(row.build), "-append", row.full_cmdline]
            if row.archive:
                command += ["-initrd", self.paths.archive]
        else:
            command += self._disk(self.paths.iso(row))
        if row.boot.startswith("uefi"):
            command += self._firmware()
        if row.one_core:
            core = min(os.sched_getaffinity(0))
            command = ["taskset", "--cpu-list", str(core)] + command
        return command + list(row.extra)

    def _disk(self, iso):
        if self.row.boot.endswith("usb"):
            return ["-drive", f"if=none,id=stick,format=raw,readonly=on,file={iso}",
                    "-device", "qemu-xhci", "-device", "usb-storage,drive=stick,bootindex=0"]
        return ["-cdrom", iso, "-boot", "d"]

    def _firmware(self):
        for code, variables in OVMF_PAIRS:
            if os.path.exists(code):
                break
        else:
            raise MachineError("OVMF is missing; Debian has it in the package ovmf")
        private = os.path.join(self.directory, "OVMF_VARS.fd")
        shutil.copyfile(variables, private)
        return ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={code}",
                "-drive", f"if=pflash,format=raw,unit=1,file={private}"]

    def qmp(self):
        """Returns a new connection to this QEMU's QMP socket. Only one may be open at a time."""
        return Qmp(f"{self._short}/qmp")

    def gdb(self):
        """Returns a connection to the gdb stub. With `gdb=True` the guest waits for it."""
        return Gdb(self.gdb_socket())

    def gdb_socket(self):
        """Returns the path of the stub's socket, for use by a real gdb."""
        return f"{self._short}/gdb"

    def interrogate(self):
        try:
            connection = self.qmp()
            connection.execute("inject-nmi")
            connection.close()
        except OSError:
            return False
        return True

    def triple_fault(self):
        try:
            with open(os.path.join(self.directory, "qemu.log"), encoding="utf-8",
                      errors="replace") as file:
                return "Triple fault" in file.read()
        except OSError:
            return False
