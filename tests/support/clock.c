// A wall clock that is set: preloaded, it adds the seconds that the file named by TEST_CLOCK holds. The other clocks run on.
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *now) {
  int rc = syscall(SYS_clock_gettime, id, now);
  const char *path = getenv("TEST_CLOCK");
  FILE *file = rc == 0 && path && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) ? fopen(path, "re") : NULL;
  long seconds = 0;
  if (file && fscanf(file, "%ld", &seconds) == 1) now->tv_sec += seconds;
  if (file) fclose(file);
  return rc;
}
