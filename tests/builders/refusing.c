/* A library that refuses file-system calls, to be preloaded into a program.

   REFUSED_CALLS names the calls, REFUSED_UNDER the folder in which they fail, and REFUSED_ERRNO the
   error. It stands in for network file systems, which a test cannot mount. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/file.h>
#include <sys/time.h>
#include <fcntl.h>
#include <unistd.h>

static int refused(const char *call, const char *path) {
    const char *calls = getenv("REFUSED_CALLS"), *root = getenv("REFUSED_UNDER");
    char full[PATH_MAX];
    if (!calls || !root || !path || !strstr(calls, call)) return 0;
    if (path[0] != '/') {
        if (!getcwd(full, sizeof full)) return 0;
        strncat(full, "/", sizeof full - strlen(full) - 1);
        strncat(full, path, sizeof full - strlen(full) - 1);
        path = full;
    }
    if (strncmp(path, root, strlen(root))) return 0;
    errno = atoi(getenv("REFUSED_ERRNO"));
    return 1;
}
static int refused_fd(const char *call, int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return refused(call, path);
}
#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
int chmod(const char *p, mode_t m) { REAL(chmod); return refused("chmod", p) ? -1 : real(p, m); }
int fchmod(int f, mode_t m) { REAL(fchmod); return refused_fd("chmod", f) ? -1 : real(f, m); }
int fchmodat(int d, const char *p, mode_t m, int g) { REAL(fchmodat); return refused("chmod", p) ? -1 : real(d, p, m, g); }
int link(const char *a, const char *b) { REAL(link); return refused("hardlink", b) ? -1 : real(a, b); }
int linkat(int x, const char *a, int y, const char *b, int f) { REAL(linkat); return refused("hardlink", b) ? -1 : real(x, a, y, b, f); }
int symlink(const char *a, const char *b) { REAL(symlink); return refused("symlink", b) ? -1 : real(a, b); }
int symlinkat(const char *a, int d, const char *b) { REAL(symlinkat); return refused("symlink", b) ? -1 : real(a, d, b); }
int fsync(int f) { REAL(fsync); return refused_fd("fsync", f) ? -1 : real(f); }
int fdatasync(int f) { REAL(fdatasync); return refused_fd("fsync", f) ? -1 : real(f); }
int flock(int f, int o) { REAL(flock); return refused_fd("flock", f) ? -1 : real(f, o); }
int utimensat(int d, const char *p, const struct timespec t[2], int g) { REAL(utimensat); return refused("utime", p) ? -1 : real(d, p, t, g); }
int futimens(int f, const struct timespec t[2]) { REAL(futimens); return refused_fd("utime", f) ? -1 : real(f, t); }
static int over(const char *b) { struct stat s; return (!lstat(b, &s)) ? refused("rename-over", b) : refused("rename-any", b); }
int rename(const char *a, const char *b) { REAL(rename); return over(b) ? -1 : real(a, b); }
int renameat(int x, const char *a, int y, const char *b) { REAL(renameat); return over(b) ? -1 : real(x, a, y, b); }
int renameat2(int x, const char *a, int y, const char *b, unsigned f) { REAL(renameat2); return over(b) ? -1 : real(x, a, y, b, f); }
static int lock_refused(int f, int c) {
    return (c == F_SETLK || c == F_SETLKW || c == F_OFD_SETLK || c == F_OFD_SETLKW) && refused_fd("posixlock", f);
}
int fcntl(int f, int c, ...) { va_list v; va_start(v, c); void *a = va_arg(v, void*); va_end(v);
    REAL(fcntl); return lock_refused(f, c) ? -1 : real(f, c, a); }
int fcntl64(int f, int c, ...) { va_list v; va_start(v, c); void *a = va_arg(v, void*); va_end(v);
    REAL(fcntl64); return lock_refused(f, c) ? -1 : real(f, c, a); }
