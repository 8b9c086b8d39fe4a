// Glibc's header shows it to GNU sources alone.
int memfd_create(const char *name, unsigned flags);
