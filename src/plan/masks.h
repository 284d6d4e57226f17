/* What a task never sees of the host, by name: files (whiteouts), kernel paths (covered), kernel
 * paths (read-only). */
#ifndef PLAN_MASKS_H
#define PLAN_MASKS_H

#include <stddef.h>

extern const char *const masked_files[];
extern const size_t n_masked_files;
extern const char *const masked_kernel_paths[];
extern const size_t n_masked_kernel_paths;
extern const char *const read_only_kernel_paths[];
extern const size_t n_read_only_kernel_paths;

#endif
