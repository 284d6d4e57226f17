/* Symbolic links of archives: none may lead out of the destination, alone or through others. */
#ifndef FETCH_LINKS_H
#define FETCH_LINKS_H

#include <stdbool.h>

#include "base/err.h"

/**
 * link_stays() - may a link at @at (clean) with @target be made below a directory? By the words
 * alone: relative, not more ".." than there are directories above it, none behind a name
 *
 * Of such links no chain leads out: each ".." is taken in the real directory that holds the link.
 */
bool link_stays(const char *at, const char *target);

/**
 * links_check() - follow every link below @dir as the kernel does, with @dir as the end of the
 * world; one that leads nowhere is fine
 *
 * Return: 0; -1 ISO_FAULT_INPUT: one leads out.
 */
iso_must_use int links_check(int dir, struct iso_err *err);

#endif
