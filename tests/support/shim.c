/* The file layer below a program (LD_PRELOAD): what it changes under one folder is counted over all processes, and one such
 * change fails, as on a full disk. SHIM_ROOT: the folder. SHIM_COUNT: a file of eight bytes, the changes so far. SHIM_LOG: their
 * kinds, a line each (`write journal.jsonl`). SHIM_NTH: the one that fails (from 1); with SHIM_KIND the one of that kind. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(name) *)real(#name))

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

static _Atomic long *counter(void) {
    static _Atomic long *at;
    const char *path = getenv("SHIM_COUNT");
    if (at || !path) return at;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return NULL;
    void *map = mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    return at = map == MAP_FAILED ? NULL : map;
}

/* The kind of a change: what is done, and the file's name without what differs from run to run. */
static int doomed(const char *op, const char *path) {
    const char *root = getenv("SHIM_ROOT"), *log = getenv("SHIM_LOG");
    if (!root || strncmp(path, root, strlen(root)) != 0) return 0;
    char kind[300] = "";
    const char *slash = strrchr(path, '/');
    int n = snprintf(kind, sizeof kind, "%s %s", op, slash ? slash + 1 : path);
    if (n >= (int)sizeof kind) n = sizeof kind - 1;
    char *to = kind;
    for (char *from = kind; *from;) {
        size_t same = strspn(from, "0123456789abcdef-"), digits = strspn(from, "0123456789");
        if (digits || same >= 8) {
            *to++ = '#';
            from += same >= 8 ? same : digits;
        } else {
            *to++ = *from++;
        }
    }
    *to = 0;
    const char *only = getenv("SHIM_KIND"), *nth = getenv("SHIM_NTH");
    int counts = !only || strcmp(only, kind) == 0;
    _Atomic long *at = counter();
    long count = counts && at ? atomic_fetch_add(at, 1) + 1 : 0;
    if (log) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CLOEXEC);
        strcat(kind, "\n");
        if (fd >= 0) {
            syscall(SYS_write, fd, kind, strlen(kind));
            syscall(SYS_close, fd);
        }
    }
    if (!counts || !nth || count != atol(nth)) return 0;
    errno = ENOSPC;
    return 1;
}

static int doomed_fd(const char *op, int fd) {
    char link[40], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long n = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    return doomed(op, path);
}

static int makes(int flags) { return (flags & O_CREAT) != 0; }

#define OPEN(name)                                                          \
    int name(const char *path, int flags, ...) {                            \
        va_list rest;                                                       \
        va_start(rest, flags);                                              \
        mode_t mode = makes(flags) ? va_arg(rest, mode_t) : 0;              \
        va_end(rest);                                                       \
        if (makes(flags) && doomed("open", path)) return -1;                \
        return REAL(name)(path, flags, mode);                               \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                        \
    int name(int dir, const char *path, int flags, ...) {                   \
        va_list rest;                                                       \
        va_start(rest, flags);                                              \
        mode_t mode = makes(flags) ? va_arg(rest, mode_t) : 0;              \
        va_end(rest);                                                       \
        if (makes(flags) && doomed("open", path)) return -1;                \
        return REAL(name)(dir, path, flags, mode);                          \
    }
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int fd, const void *what, size_t n) { return doomed_fd("write", fd) ? -1 : REAL(write)(fd, what, n); }
ssize_t writev(int fd, const struct iovec *what, int n) { return doomed_fd("write", fd) ? -1 : REAL(writev)(fd, what, n); }
ssize_t pwrite(int fd, const void *what, size_t n, off_t at) {
    return doomed_fd("write", fd) ? -1 : REAL(pwrite)(fd, what, n, at);
}
ssize_t pwrite64(int fd, const void *what, size_t n, off64_t at) {
    return doomed_fd("write", fd) ? -1 : REAL(pwrite64)(fd, what, n, at);
}
int fsync(int fd) { return doomed_fd("sync", fd) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return doomed_fd("sync", fd) ? -1 : REAL(fdatasync)(fd); }
int ftruncate64(int fd, off64_t n) { return doomed_fd("truncate", fd) ? -1 : REAL(ftruncate64)(fd, n); }
int rename(const char *from, const char *to) { return doomed("rename", to) ? -1 : REAL(rename)(from, to); }
int mkdir(const char *path, mode_t mode) { return doomed("mkdir", path) ? -1 : REAL(mkdir)(path, mode); }
int symlink(const char *from, const char *to) { return doomed("link", to) ? -1 : REAL(symlink)(from, to); }
int link(const char *from, const char *to) { return doomed("link", to) ? -1 : REAL(link)(from, to); }
