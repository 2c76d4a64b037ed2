#!/usr/bin/python3
"""Runs a command on a terminal of its own, as a person would sit before it.

usage: terminal.py exit COMMAND...              shows the output, ends with the command's code
       terminal.py type TEXT CODE COMMAND...    types TEXT; the command must end with CODE
       terminal.py interrupt COMMAND...         ctrl-C after "ready"; must end with 4 after "caught"
       terminal.py resize COMMAND...            a shell is told of the terminal's size
       terminal.py restored COMMAND...          raw until a line is typed, as before when it ended
       terminal.py detach COMMAND...            ctrl-P ctrl-Q after "ready" leaves it with 0
       terminal.py held COMMAND...              ctrl-P after "ready" gets there though nothing follows
       terminal.py undetached COMMAND...        ctrl-P ctrl-Q after "ready" are the command's
       terminal.py size ROWSxCOLUMNS COMMAND... shows the output on a terminal of that size
       terminal.py detach_after TEXT ROWSxCOLUMNS COMMAND...  ctrl-P ctrl-Q when TEXT was shown
       terminal.py untouched COMMAND...         shows the output; nothing may have been typed by it
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

DEADLINE_S = 30


class Session:
    def __init__(self, command, rows=24, columns=80):
        self.master, slave = pty.openpty()
        self.set_size(rows, columns)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for number in (0, 1, 2):
                os.dup2(slave, number)
            os.closerange(3, 256)
            os.execvp(command[0], command)
        self.output = b""
        self.end = time.monotonic() + DEADLINE_S

    def set_size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_some(self):
        """Takes what there is; false when nothing came for a moment."""
        ready, _, _ = select.select([self.master], [], [], 0.05)
        if not ready:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.output += data
        return bool(data)

    def expect(self, text):
        while text not in self.output:
            self.read_some()
            if time.monotonic() > self.end:
                self.fail(f"{text!r} never came")

    def wait(self):
        """The exit code; output is collected meanwhile."""
        while True:
            self.read_some()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self.read_some():
                    pass
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > self.end:
                self.fail("it does not end")

    def type(self, text):
        os.write(self.master, text)

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & termios.ICANON

    def await_raw(self):
        while not self.is_raw():
            self.read_some()
            if time.monotonic() > self.end:
                self.fail("the terminal was never raw")

    def fail(self, why):
        sys.stdout.buffer.write(self.output)
        os.kill(self.pid, 9)
        sys.exit(f"{why}; so far: {self.output!r}")


def check(condition, session, why):
    if not condition:
        sys.exit(f"{why}: {session.output!r}")


def size_of(text):
    """Rows and columns of "24x80"."""
    return (int(number) for number in text.split("x"))


def run(mode, arguments):
    if mode == "exit":
        session = Session(arguments)
        code = session.wait()
        sys.stdout.buffer.write(session.output)
        return code if code >= 0 else 128 - code
    if mode == "type":
        text = arguments[0].encode().decode("unicode_escape").encode()
        session = Session(arguments[2:])
        session.await_raw()
        session.type(text)
        code = session.wait()
        sys.stdout.buffer.write(session.output)
        check(code == int(arguments[1]), session, f"ended with {code}")
        return 0
    if mode == "size":
        session = Session(arguments[1:], *size_of(arguments[0]))
        code = session.wait()
        sys.stdout.buffer.write(session.output)
        return code if code >= 0 else 128 - code
    if mode == "detach_after":
        session = Session(arguments[2:], *size_of(arguments[1]))
        session.await_raw()
        session.expect(arguments[0].encode())
        session.type(b"\x10\x11")
        check(session.wait() == 0, session, "did not end with 0")
        return 0
    session = Session(arguments)
    if mode == "interrupt":
        session.expect(b"ready")
        session.await_raw()
        session.type(b"\x03")
        code = session.wait()
        check(code == 4 and b"caught" in session.output, session, f"ended with {code}")
    elif mode == "resize":
        session.await_raw()
        session.type(b"stty size; echo first-$((1+1))\n")
        session.expect(b"first-2")
        check(b"24 80" in session.output, session, "not the size of ours")
        session.set_size(33, 99)
        # The new size is on its way to the container; it is asked until it is there.
        while b"33 99" not in session.output:
            session.type(b"stty size; echo next-$((1+1))\n")
            session.output = session.output.replace(b"next-2", b"")
            session.expect(b"next-2")
        session.type(b"exit\n")
        check(session.wait() == 0, session, "did not end with 0")
    elif mode == "restored":
        session.await_raw()
        session.type(b"\n")
        check(session.wait() == 0, session, "did not end with 0")
        check(termios.tcgetattr(session.slave) == session.before, session, "not as before")
    elif mode == "untouched":
        code = session.wait()
        sys.stdout.buffer.write(session.output)
        # As a shell would find it that reads on.
        raw = termios.tcgetattr(session.slave)
        raw[3] &= ~termios.ICANON
        termios.tcsetattr(session.slave, termios.TCSANOW, raw)
        check(not select.select([session.slave], [], [], 0)[0], session, "something was typed")
        check(code == 0, session, f"ended with {code}")
    elif mode in ("held", "undetached"):
        # A command that shows each byte as a number, and ends after as many as were typed.
        session.expect(b"ready")
        session.await_raw()
        session.type(b"\x10")
        session.expect(b"20")
        if mode == "undetached":
            session.type(b"\x11")
            session.expect(b"21")
        check(session.wait() == 0, session, "did not end with 0")
    elif mode == "detach":
        session.expect(b"ready")
        session.await_raw()
        session.type(b"\x10")
        session.type(b"\x11")
        check(session.wait() == 0, session, "did not end with 0")
        check(termios.tcgetattr(session.slave) == session.before, session, "not as before")
    else:
        sys.exit(__doc__)
    return 0


if len(sys.argv) < 3:
    sys.exit(__doc__)
sys.exit(run(sys.argv[1], sys.argv[2:]))
