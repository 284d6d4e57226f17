/*
 * Ownership by cleanup attribute. A handle is owned by one variable, declared and initialised in
 * one statement; giving away is visible: fd_take(&fd), mem_take(&p). Cleanup only releases: it
 * never kills, unmounts, deletes or logs.
 */
#ifndef BASE_OWN_H
#define BASE_OWN_H

#include "base/attr.h"

/** fd_close() - close @fd if it is one, keep errno, never retry (close(2): the number is gone on
 * EINTR). Return: -1. */
int fd_close(int fd);
void own_fd_done(int *fd);
void own_mem_done(void *pointer_to_pointer);

#define own_fd  iso_cleanup(own_fd_done) int
#define own_mem iso_cleanup(own_mem_done)

/** fd_take() - give the descriptor away: returns it and leaves -1 behind */
int fd_take(int *fd);
/** mem_take() - give the block away: `return mem_take(&p);` */
void *mem_take(void *pointer_to_pointer);

#endif
