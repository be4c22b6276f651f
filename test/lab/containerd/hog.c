/* hog MIB: holds MIB of memory that no two pages of are alike, and says "ready". It is PID 1 and survives a dump. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
  size_t words = (argc > 1 ? strtoul(argv[1], 0, 10) : 0) << 17;
  uint64_t *memory = words ? malloc(words * 8) : 0, x = 88172645463325252ull;
  for (size_t i = 0; i < words; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    memory[i] = x;
  }
  puts("ready");
  fflush(stdout);
  for (;;) pause();
}
