#define _GNU_SOURCE
#include "CFiles.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct lora_entry {
  // The bytes of a map; of a leftover 1 while it is listed. Both 0 in an entry that is free.
  _Atomic(uintptr_t) start, end;
  char *path, *shown;
  struct lora_entry *older, *next_free;
};

typedef struct table {
  _Atomic(lora_entry *) newest;
  lora_entry *free;
} table;

static table maps, leftovers;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static lora_entry *list(table *table, uintptr_t start, uintptr_t end, const char *path,
                        const char *shown) {
  char *path_copy = strdup(path), *shown_copy = strdup(shown);
  pthread_mutex_lock(&lock);
  lora_entry *entry = table->free;
  int is_new = entry == NULL;
  if (is_new)
    entry = calloc(1, sizeof *entry);
  else
    table->free = entry->next_free;
  if (entry == NULL || path_copy == NULL || shown_copy == NULL) {
    if (entry != NULL && !is_new) table->free = entry; // its next_free is what it was
    else free(entry);
    pthread_mutex_unlock(&lock);
    free(path_copy);
    free(shown_copy);
    return NULL;
  }
  entry->path = path_copy;
  entry->shown = shown_copy;
  // The end comes last, and goes first: a reader that sees it sees the rest.
  atomic_store(&entry->start, start);
  atomic_store(&entry->end, end);
  if (is_new) {
    entry->older = atomic_load(&table->newest);
    atomic_store(&table->newest, entry);
  }
  pthread_mutex_unlock(&lock);
  return entry;
}

static void forget(table *table, lora_entry *entry) {
  if (entry == NULL) return;
  pthread_mutex_lock(&lock);
  atomic_store(&entry->end, 0);
  atomic_store(&entry->start, 0);
  char *path = entry->path, *shown = entry->shown;
  entry->path = entry->shown = NULL;
  entry->next_free = table->free;
  table->free = entry;
  pthread_mutex_unlock(&lock);
  free(path);
  free(shown);
}

static lora_entry *map_at(const void *address) {
  uintptr_t place = (uintptr_t)address;
  for (lora_entry *map = atomic_load(&maps.newest); map != NULL; map = map->older)
    if (place < atomic_load(&map->end) && place >= atomic_load(&map->start)) return map;
  return NULL;
}

static void say(const char *text) {
  ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
  (void)ignored;
}

// What the signal meant before: to end the process, or to a debugger of crashes.
static struct sigaction before;

static void on_fault(int number, siginfo_t *info, void *context) {
  (void)context;
  // One that was sent, or lies elsewhere, ends the process as it would without a handler.
  lora_entry *map = info->si_code > 0 ? map_at(info->si_addr) : NULL;
  if (map == NULL) {
    sigaction(number, &before, NULL);
    if (info->si_code <= 0) raise(number);
    return;
  }
  static atomic_flag is_said = ATOMIC_FLAG_INIT;
  if (atomic_flag_test_and_set(&is_said))
    for (;;) pause(); // another thread is ending the process
  struct stat status;
  int is_shorter = stat(map->path, &status) == 0 &&
                   (uintptr_t)status.st_size < atomic_load(&map->end) - atomic_load(&map->start);
  // What a progress line left on a terminal is overwritten.
  if (isatty(STDERR_FILENO)) say("\r\033[K");
  say("lora: ");
  say(map->shown);
  say(is_shorter ? ": was cut short while it was read; try again when nothing writes it\n"
                 : ": cannot be read to its end: it was changed meanwhile, or its disk failed; "
                   "try again\n");
  lora_leftovers_remove();
  _exit(1);
}

static void install(void) {
  struct sigaction new = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&new.sa_mask);
  sigaction(SIGBUS, &new, &before);
}

lora_entry *lora_map_list(const void *start, size_t count, const char *path, const char *shown) {
  pthread_once(&once, install);
  return list(&maps, (uintptr_t)start, (uintptr_t)start + count, path, shown);
}

void lora_map_forget(lora_entry *map) { forget(&maps, map); }

const char *lora_map_path(const void *address) {
  lora_entry *map = map_at(address);
  return map == NULL ? NULL : map->path;
}

lora_entry *lora_leftover_list(const char *path) { return list(&leftovers, 1, 1, path, ""); }

void lora_leftover_forget(lora_entry *leftover) { forget(&leftovers, leftover); }

void lora_leftovers_remove(void) {
  // Folders go once they are empty: as often as any is gone.
  int is_done = 0;
  while (!is_done) {
    is_done = 1;
    for (lora_entry *entry = atomic_load(&leftovers.newest); entry != NULL; entry = entry->older)
      if (atomic_load(&entry->end) != 0 && entry->path != NULL &&
          (unlink(entry->path) == 0 || rmdir(entry->path) == 0))
        is_done = 0;
  }
}
