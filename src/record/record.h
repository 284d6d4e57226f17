/*
 * STATE/<alloc>/<task>/task: the one file that a task's supervisor lives on and that anybody finds
 * the task again with. Root only. Pages, so that a part can be mapped:
 *
 *   page 0   two slots of 512 bytes (struct record), then struct record_about; its last four bytes
 *            are not 0 when nobody wants to know any more (record_forget())
 *   page 1   what the child made in the task directory (apply.h, struct made_list), mapped shared
 *   page 2.. the plan (steps/steps.h)
 *
 * Written whole by the starter, beside its name, before the supervisor exists; later only the slots
 * change, in turn: the valid one with the higher sequence is the truth, so being killed within a
 * write loses nothing. No block is allocated after the first write: an exit status can be recorded
 * on a full disk. Not fsynced: worthless after a reboot anyway, which the boot id tells.
 *
 * Whoever is responsible for the task holds an flock(2) on the file: the lock, not a pid, says
 * whether a supervisor lives. It goes with the open file from the starter to the supervisor.
 */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	RECORD_MAGIC = 0x726f7369, /* "isor" */
	RECORD_VERSION = 1,
	RECORD_SLOT_BYTES = 512,
	RECORD_PAGE = 4096,
	RECORD_ABOUT_AT = 2 * RECORD_SLOT_BYTES,
	RECORD_FORGET_AT = RECORD_PAGE - 4,
	RECORD_MADE_AT = RECORD_PAGE,
	RECORD_PLAN_AT = 2 * RECORD_PAGE,
	RECORD_BOOT_ID_ROOM = 40, /* a UUID as text */
};
#define RECORD_FILE "task"
#define RECORD_NEW  "task.new" /* while it is written; renamed */
#define RECORD_CTL  "ctl"

/* How far a task is. X(SYMBOL, "name") */
#define RECORD_PHASES(X)                                                                           \
	X(PLANNED, "planned") /* the plan is there; nothing else has been made */                  \
	X(CLONED, "starting") /* its process exists, its execve has not happened yet */            \
	X(RUNNING, "running") /* execve done: from here on an end is the task's own */             \
	X(EXITED, "exited")   /* the exit status below holds; cleaning may be under way */         \
	X(CLEANED, "dead")    /* the same, and nothing of the start is left on the machine */      \
	X(FAILED, "failed")   /* never got as far as RUNNING; cleaned */
enum record_phase {
#define X(symbol, name) RECORD_##symbol,
	RECORD_PHASES(X)
#undef X
};
#define X(symbol, name) +1
enum {
	N_RECORD_PHASES = 0 RECORD_PHASES(X)
};
#undef X
const char *record_phase_name(uint32_t phase);

/* Bits of record.flags. */
enum {
	RECORD_EXIT_UNKNOWN = 1,  /* EXITED, and nobody was there to see how */
	RECORD_FORCED = 2,        /* killed after kill_timeout */
	RECORD_STOP_ASKED = 4,    /* somebody asked for the end: no restart */
	RECORD_RESTART_ASKED = 8, /* somebody asked for an end and a new start */
	RECORD_LOST = 16,         /* EXITED by a reboot */
};

/* One slot. Same machine, same build: no byte order. */
struct record {
	uint32_t magic, version;
	uint32_t checksum; /* CRC-32 (ISO 3309) of the slot with this field 0 */
	uint32_t sequence;
	char boot_id[RECORD_BOOT_ID_ROOM];
	uint32_t phase; /* enum record_phase */
	uint32_t flags;
	int32_t task_pid;          /* main process, host's pid namespace; a hint */
	int32_t supervisor_pid;    /* a hint: the lock is the truth */
	uint64_t task_pid_inode;   /* of its pidfd (pidfs, Linux >= 6.9), 0 = not known */
	uint64_t task_start_ticks; /* field 22 of /proc/PID/stat, for older kernels */
	uint64_t started_unix_ms, ended_unix_ms;
	int32_t exit_code, signal; /* as in ctl/report.h */
	uint32_t oom_kills, pad;
	uint64_t mem_peak_bytes, log_dropped_bytes;
};

/* What the task is, for people; does not change. Strings end with NUL, longer ones are cut. */
struct record_about {
	char job[256], group[132], task[132], alloc_name[300];
	char user[64], command[256], alloc_dir[1024];
	uint32_t alloc_index, restarts; /* starts of this alloc's task before this one */
	uint64_t created_unix_ms;       /* of the alloc */
	uint32_t uid, gid;
	uint32_t flags, pad; /* RECORD_TRANSIENT */
};
enum {
	RECORD_TRANSIENT = 1, /* of a foreground run: nobody comes back for what it has left */
};

/* What is known of one file. */
struct record_file {
	struct record record;
	struct record_about about;
};

/**
 * record_init() - the first two pages of a new file
 * @about: copied
 */
void record_init(unsigned char pages[static RECORD_PLAN_AT], const char *boot_id,
	const struct record_about *about);

/**
 * record_read() - the truth of an open file
 *
 * Return: 0; -1: ISO_FAULT_PROTOCOL when neither slot is valid (torn, foreign, another version).
 */
iso_must_use int record_read(int fd, struct record_file *ret, struct iso_err *err);

/**
 * record_write() - @record becomes the truth: its sequence and checksum are set here, then it is
 * written over the older slot
 */
iso_must_use int record_write(int fd, struct record *record, struct iso_err *err);

/** record_boot_id() - of the running kernel (/proc/sys/kernel/random/boot_id) */
iso_must_use int record_boot_id(char ret[static RECORD_BOOT_ID_ROOM], struct iso_err *err);

/**
 * record_forget() - whoever ends with the task removes its file with its directory
 *
 * The one who says so then tries the lock, and whoever gives the lock up looks here afterwards: one
 * of the two always sees the other, so it is removed at once and without waiting.
 */
iso_must_use int record_forget(int fd, struct iso_err *err);
bool record_is_forgotten(int fd);

enum {
	RECORD_HELD = 1
};
/**
 * record_lock() - become responsible for the task of an open file, without waiting
 * Return: 0; RECORD_HELD: somebody who lives is; -1.
 */
iso_must_use int record_lock(int fd, struct iso_err *err);
/** record_unlock() - for the whole open file, whoever else has it */
void record_unlock(int fd);

#endif
