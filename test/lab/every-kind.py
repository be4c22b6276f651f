# Holds something of every kind that CRIU dumps, as far as a machine allows, then waits; run by every-kind.sh.
# What cannot be had here is told on standard error.
import ctypes, fcntl, mmap, os, pty, select, signal, socket, struct, sys, termios, threading, time

os.closerange(3, 1024)  # what this was started with is not part of it
libc = ctypes.CDLL(None, use_errno=True)
keep = []


def attempt(function):
    try:
        keep.append(function())
    except Exception as error:
        print(f'without {function.__name__}: {error!r}', file=sys.stderr)


def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def system_v():
    shm = check(libc.shmget(0x1234, 8192, 0o1600))
    libc.shmat.restype = ctypes.c_void_p
    at = libc.shmat(shm, None, 0)
    ctypes.memmove(at, b'SYSV-SHM', 8)
    sem = check(libc.semget(0x1235, 3, 0o1600))
    for i, value in enumerate((0, 7, 32767)):
        check(libc.semctl(sem, i, 16, value))
    for key, texts in ((0x1236, (b'one', b'second message')), (0x1237, (b'',))):
        queue = check(libc.msgget(key, 0o1600))
        for i, text in enumerate(texts):
            buffer = struct.pack('l', i + 1) + text
            check(libc.msgsnd(queue, buffer, len(text), 0))


def notify():
    fd = check(libc.inotify_init1(0))
    check(libc.inotify_add_watch(fd, b'/tmp', 0x100 | 0x200))
    return fd


def fanotify():
    fd = check(libc.fanotify_init(0, 0))
    check(libc.fanotify_mark(fd, 0x1, ctypes.c_uint64(0x20), -100, b'/tmp'))
    check(libc.fanotify_mark(fd, 0x1 | 0x10, ctypes.c_uint64(0x20), -100, b'/'))
    return fd


def signals():
    mask = (ctypes.c_uint64 * 16)(1 << (signal.SIGUSR2 - 1))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGUSR2})
    fd = check(libc.signalfd(-1, mask, 0))
    os.kill(os.getpid(), signal.SIGUSR1)  # stays pending
    signal.pthread_kill(threading.get_ident(), signal.SIGUSR2)
    signal.signal(signal.SIGHUP, lambda *_: None)
    return fd


def timers():
    signal.setitimer(signal.ITIMER_REAL, 100000, 5)
    signal.setitimer(signal.ITIMER_PROF, 100000)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    timer = ctypes.c_void_p()
    check(libc.timer_create(1, None, ctypes.byref(timer)))
    check(libc.timer_settime(timer, 0, struct.pack('llll', 3, 500, 100000, 0), None))
    fd = check(libc.timerfd_create(1, 0))
    check(libc.timerfd_settime(fd, 0, struct.pack('llll', 0, 0, 100000, 0), None))
    return fd


def events():
    event = check(libc.eventfd(42, 0))
    poll = select.epoll()
    poll.register(event, select.EPOLLIN | select.EPOLLET)
    return event, poll


def memory():
    fd = os.memfd_create('sealed', os.MFD_ALLOW_SEALING)
    os.write(fd, b'MEMFD' * 1000)
    fcntl.fcntl(fd, 1033, 0x1 | 0x2 | 0x4)
    shared = mmap.mmap(-1, 65536)
    shared[:6] = b'SHARED'
    private = mmap.mmap(-1, 1 << 21, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    private.madvise(mmap.MADV_DONTFORK)
    private[4096:4102] = b'SECRET'
    return fd, shared, private


def files():
    os.makedirs('/tmp/every', exist_ok=True)
    os.mkfifo('/tmp/every/fifo')
    fifo = os.open('/tmp/every/fifo', os.O_RDWR)
    os.write(fifo, b'FIFO-DATA')
    read, write = os.pipe()
    os.write(write, b'PIPE-DATA' * 9)
    locked = open('/tmp/every/locked', 'w')
    fcntl.flock(locked, fcntl.LOCK_EX)
    fcntl.lockf(locked, fcntl.LOCK_EX, 10, 100)
    ghost = open('/tmp/every/ghost', 'w+b')
    ghost.write(b'GHOST')
    ghost.seek(1 << 20)
    ghost.write(b'TAIL')
    ghost.flush()
    os.unlink('/tmp/every/ghost')
    appended = os.open('/tmp/every/appended', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    fcntl.fcntl(appended, fcntl.F_SETOWN, os.getpid())
    pid = os.pidfd_open(os.getpid())
    return fifo, read, write, locked, ghost, appended, pid


def terminals():
    master, slave = pty.openpty()
    termios.tcsetattr(slave, termios.TCSANOW, termios.tcgetattr(slave))
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 50, 132, 0, 0))
    os.write(master, b'typed, not read\n')
    return master, slave


def internet():
    four = socket.create_server(('127.0.0.1', 4000))
    client = socket.create_connection(('127.0.0.1', 4000))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    server, _ = four.accept()
    client.send(b'TCP-UNREAD')
    six = socket.create_server(('::', 4001), family=socket.AF_INET6)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(('127.0.0.1', 4002))
    mapped = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    mapped.bind(('::ffff:127.0.0.1', 4003))
    lite = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 136)
    lite.bind(('127.0.0.1', 4004))
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 255)
    return four, client, server, six, udp, mapped, lite, raw


def local():
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind('\0every\0kind= \xe9')
    abstract.listen(5)
    named = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    named.bind('/tmp/every/socket')
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    left.send(b'PACKET-ONE')
    left.send(b'PACKET-TWO')
    read, write = os.pipe()
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    socket.send_fds(a, [b'with a descriptor'], [read])
    return abstract, named, left, right, a, b, read, write


def others():
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    netlink.bind((0, 1 << 20))
    return netlink


def packet():
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.bind(('lo', 3))
    return sock


def tun():
    fd = os.open('/dev/net/tun', os.O_RDWR)
    fcntl.ioctl(fd, 0x400454CA, struct.pack('16sH22x', b'every0', 0x1001))  # TUNSETIFF, a tun without packet info
    return fd


def filters():
    program = struct.pack('HBBI', 0x06, 0, 0, 0x7FFF0000)
    buffer = ctypes.create_string_buffer(program)
    check(libc.prctl(38, 1, 0, 0, 0))
    check(libc.prctl(22, 2, struct.pack('H6xQ', 1, ctypes.addressof(buffer))))


WANTED = sys.argv[1].split(',') if len(sys.argv) > 1 and sys.argv[1] else None
for part in (system_v, notify, fanotify, signals, timers, events, memory, files, terminals, internet, local, others,
             packet, tun, filters):
    if WANTED is None or part.__name__ not in WANTED:
        attempt(part)
threading.Thread(target=time.sleep, args=(100000,), daemon=True).start()
open('/tmp/every/ready', 'w').close()
while True:
    time.sleep(1000)
