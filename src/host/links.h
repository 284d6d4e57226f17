/* Links on the way of a path that root is going to follow. */
#ifndef HOST_LINKS_H
#define HOST_LINKS_H

#include "base/arena.h"

/**
 * unsafe_link() - the first link on the way to @path that lies in a directory which others than
 * root can write: whoever can, chooses where root goes (the class of CVE-2021-25741)
 *
 * Return: its path; NULL: there is none, or the path does not exist.
 */
const char *unsafe_link(struct arena *arena, const char *path);

#endif
