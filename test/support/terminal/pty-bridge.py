"""Runs a command in a pseudo-terminal of its own.

Arguments: COLUMNS ROWS COMMAND... What the command writes comes on standard output as it is. Standard input takes
lines: `keys HEX` types bytes, `size COLUMNS ROWS` resizes, `kill NAME` sends a signal such as SIGTERM, `gone`
takes the terminal away as a closed window does, `raw?` writes `raw=0|1` on standard error: whether the terminal
is in raw mode. Exits as the command does (128 + signal).
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios

columns, rows = int(sys.argv[1]), int(sys.argv[2])
# the child waits until the terminal has its size
gate_read, gate_write = os.pipe()
pid, master = pty.fork()
if pid == 0:
    os.read(gate_read, 1)
    os.execvp(sys.argv[3], sys.argv[3:])


def resize(columns, rows):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


resize(columns, rows)
os.write(gate_write, b"x")
pending = b""
sources = [master, 0]
while master in sources:
    for source in select.select(sources, [], [])[0]:
        try:
            data = os.read(source, 65536)
        except OSError:
            data = b""
        if source == master:
            if data:
                os.write(1, data)
            else:
                sources.remove(master)
            continue
        if not data:
            sources.remove(0)
            continue
        pending += data
        while b"\n" in pending:
            line, pending = pending.split(b"\n", 1)
            word, *arguments = line.decode().split(" ")
            if word == "keys":
                os.write(master, bytes.fromhex(arguments[0]))
            elif word == "size":
                resize(int(arguments[0]), int(arguments[1]))
            elif word == "kill":
                os.kill(pid, getattr(signal, arguments[0]))
            elif word == "gone":
                os.close(master)
                sources.remove(master)
                break
            elif word == "raw?":
                local = termios.tcgetattr(master)[3]
                os.write(2, b"raw=%d\n" % (0 if local & termios.ICANON else 1))

status = os.waitpid(pid, 0)[1]
sys.exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
