// CFiles: what Files asks of the system in C: calls that Swift does not see, and a clear end where
// a mapped file is cut short while it is read.
#ifndef LORA_CFILES_H
#define LORA_CFILES_H

#include <stddef.h>
#include <sys/types.h>

// renameat2 and copy_file_range of Linux; -1 and errno where they fail.

// Renames, unless the new name is taken.
int lora_rename_new(const char *from, const char *to);

// Lets two names change places.
int lora_rename_exchange(const char *one, const char *other);

// Copies a range within the system. Returns how many bytes it copied.
ssize_t lora_copy_range(int from, off_t from_offset, int to, off_t to_offset, size_t count);

// The system tells by SIGBUS that a mapped file was cut short, in the midst of any instruction that
// reads. Only what is safe in a handler may be done then: these tables are read without a lock, and
// their memory is never given back, only used again.

// A place in a table.
typedef struct lora_entry lora_entry;

// Lists a map of a file: a fault in it ends the process by one line that names the file, and
// status 1. `shown` is the name as a terminal may show it; both strings are copied. NULL without
// memory: then a fault there ends the process by the signal.
lora_entry *lora_map_list(const void *start, size_t count, const char *path, const char *shown);
void lora_map_forget(lora_entry *map);

// The path of the listed map that holds an address, whose reader keeps it listed; NULL without.
const char *lora_map_path(const void *address);

// Lists a file or a folder that must not outlive this process under its temporary name.
lora_entry *lora_leftover_list(const char *path);
void lora_leftover_forget(lora_entry *leftover);

// Removes what is listed; safe in a signal handler, for a process that is about to end.
void lora_leftovers_remove(void);

#endif
