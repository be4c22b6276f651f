/*
 * Put before libc with LD_PRELOAD: reads or writes of one file fail from an offset on, as those of a disk with a bad
 * sector or of a user without quota do. What is before the offset is read or written, by a call that does less than it
 * is told.
 *
 * FAULT_CALL   read or write
 * FAULT_PATH   a part of the file's path, or the number of a descriptor
 * FAULT_FROM   the offset, in bytes
 * FAULT_TO     where it is well again; without it, all that comes is bad
 * FAULT_ERRNO  the number that errno gets
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Bytes that went through calls without an offset; one descriptor is enough for what is tested. */
static long long passed;

static int meant(const char *call, int fd) {
  const char *wanted = getenv("FAULT_CALL"), *path = getenv("FAULT_PATH");
  char link[64], target[4096], number[16];
  if (!wanted || !path || strcmp(call, wanted) != 0) return 0;
  snprintf(number, sizeof number, "%d", fd);
  if (path[0] >= '0' && path[0] <= '9') return strcmp(number, path) == 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, target, sizeof target - 1);
  if (length < 0) return 0;
  target[length] = 0;
  return strstr(target, path) != NULL;
}

/* How much of a call goes through: all of it, a part, or -1 with errno set. */
static ssize_t allowed(const char *call, int fd, size_t length, long long offset) {
  int before = errno;
  if (!meant(call, fd)) {
    errno = before;
    return length;
  }
  const char *from = getenv("FAULT_FROM"), *to = getenv("FAULT_TO"), *number = getenv("FAULT_ERRNO");
  long long at = offset < 0 ? passed : offset;
  if (to && at >= atoll(to)) {
    errno = before;
    return length;
  }
  long long left = (from ? atoll(from) : 0) - at;
  if (left <= 0 && length > 0) {
    errno = number ? atoi(number) : EIO;
    return -1;
  }
  errno = before;
  return (long long)length < left ? (ssize_t)length : (ssize_t)left;
}

static size_t sum(const struct iovec *pieces, int count) {
  size_t length = 0;
  for (int i = 0; i < count; i += 1) length += pieces[i].iov_len;
  return length;
}

static ssize_t counted(const char *call, int fd, ssize_t done) {
  if (done > 0 && meant(call, fd)) passed += done;
  return done;
}

#define REAL(name, ...) ((ssize_t(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

#define PLAIN(name, kind, pointer)                                       \
  ssize_t name(int fd, pointer bytes, size_t length) {                   \
    ssize_t most = allowed(kind, fd, length, -1);                        \
    if (most < 0) return -1;                                             \
    return counted(kind, fd, REAL(#name, int, pointer, size_t)(fd, bytes, most)); \
  }

#define AT(name, kind, pointer)                                          \
  ssize_t name(int fd, pointer bytes, size_t length, off64_t offset) {   \
    ssize_t most = allowed(kind, fd, length, offset);                    \
    if (most < 0) return -1;                                             \
    return REAL(#name, int, pointer, size_t, off64_t)(fd, bytes, most, offset); \
  }

/* Of several pieces, the first alone where not all go through. */
#define VECTOR(name, kind, one)                                          \
  ssize_t name(int fd, const struct iovec *pieces, int count) {          \
    size_t length = sum(pieces, count);                                  \
    ssize_t most = allowed(kind, fd, length, -1);                        \
    if (most < 0) return -1;                                             \
    if ((size_t)most < length) return one(fd, pieces[0].iov_base, pieces[0].iov_len); \
    return counted(kind, fd, REAL(#name, int, const struct iovec *, int)(fd, pieces, count)); \
  }

#define VECTOR_AT(name, kind, one)                                       \
  ssize_t name(int fd, const struct iovec *pieces, int count, off64_t offset) { \
    size_t length = sum(pieces, count);                                  \
    ssize_t most = allowed(kind, fd, length, offset);                    \
    if (most < 0) return -1;                                             \
    if ((size_t)most < length) return one(fd, pieces[0].iov_base, pieces[0].iov_len, offset); \
    return REAL(#name, int, const struct iovec *, int, off64_t)(fd, pieces, count, offset); \
  }

PLAIN(read, "read", void *)
PLAIN(write, "write", const void *)
AT(pread64, "read", void *)
AT(pwrite64, "write", const void *)
VECTOR(readv, "read", read)
VECTOR(writev, "write", write)
VECTOR_AT(preadv64, "read", pread64)
VECTOR_AT(pwritev64, "write", pwrite64)
ssize_t pread(int fd, void *bytes, size_t length, off_t offset) { return pread64(fd, bytes, length, offset); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwrite64(fd, bytes, length, offset); }
ssize_t preadv(int fd, const struct iovec *pieces, int count, off_t offset) { return preadv64(fd, pieces, count, offset); }
ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset) { return pwritev64(fd, pieces, count, offset); }
