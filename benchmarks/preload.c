/* Loaded before libc into a night (LD_PRELOAD) by benchmarks/faults.py: makes its wall clock jump, and notes which files it brought
   to the disk.

   CLOCK_JUMP_AFTER_S, CLOCK_JUMP_S  seconds after the start at which the wall clock jumps, and by how much; steady clocks go on
   SYNCED_FILES                      file to which device, inode, size and time of change of each synced file are appended */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static struct timespec began;
static double after_s, jump_s;
static const char *synced;

__attribute__((constructor)) static void begin(void) {
    const char *after = getenv("CLOCK_JUMP_AFTER_S"), *jump = getenv("CLOCK_JUMP_S");
    after_s = after ? atof(after) : 0;
    jump_s = jump ? atof(jump) : 0;
    synced = getenv("SYNCED_FILES");
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &began);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && jump_s != 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        struct timespec steady;
        syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &steady);
        if (steady.tv_sec - began.tv_sec + (steady.tv_nsec - began.tv_nsec) * 1e-9 >= after_s) now->tv_sec += (time_t)jump_s;
    }
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &precise)) return -1;
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *given) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (given) *given = now.tv_sec;
    return now.tv_sec;
}

static void note(int file) {
    struct stat found;
    char line[128];
    int to;
    if (!synced || fstat(file, &found) || !S_ISREG(found.st_mode)) return;
    to = (int)syscall(SYS_openat, AT_FDCWD, synced, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (to < 0) return;
    int length = snprintf(line, sizeof line, "%lu %lu %ld %ld.%09ld\n", (unsigned long)found.st_dev, (unsigned long)found.st_ino,
                          (long)found.st_size, (long)found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
    if (write(to, line, (size_t)length) < 0) _exit(97);
    close(to);
}

int fsync(int file) {
    int failed = (int)syscall(SYS_fsync, file);
    if (!failed) note(file);
    return failed;
}

int fdatasync(int file) {
    int failed = (int)syscall(SYS_fdatasync, file);
    if (!failed) note(file);
    return failed;
}
