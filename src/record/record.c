/* Slots of a task's file (record.h). Plain calls only: the static supervisor reads and writes them
 * too. */
#include "record/record.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/own.h"
#include "base/sys.h"

static_assert(sizeof(struct record) <= RECORD_SLOT_BYTES, "a record fits its slot");
static_assert(RECORD_ABOUT_AT + sizeof(struct record_about) <= RECORD_FORGET_AT,
	"slots and about share the first page");

const char *record_phase_name(uint32_t phase)
{
	static const char *const names[] = {
#define X(symbol, name) [RECORD_##symbol] = name,
		RECORD_PHASES(X)
#undef X
	};
	return phase < N_RECORD_PHASES ? names[phase] : "unknown";
}

/* Bit by bit: some hundred bytes, a few times in a task's life. */
static uint32_t crc32_of(const unsigned char *data, size_t len)
{
	enum {
		POLYNOMIAL = (int)0xedb88320
	};
	uint32_t crc = ~0U;

	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? (uint32_t)POLYNOMIAL : 0);
	}
	return ~crc;
}

static uint32_t checksum_of(const struct record *record)
{
	struct record copy = *record;

	copy.checksum = 0;
	return crc32_of((const unsigned char *)&copy, sizeof(copy));
}

static bool is_valid(const struct record *r)
{
	return r->magic == RECORD_MAGIC && r->version == RECORD_VERSION &&
	       r->checksum == checksum_of(r) && r->phase < N_RECORD_PHASES &&
	       memchr(r->boot_id, '\0', sizeof(r->boot_id));
}

void record_init(unsigned char pages[static RECORD_PLAN_AT], const char *boot_id,
	const struct record_about *about)
{
	struct record first = {.magic = RECORD_MAGIC, .version = RECORD_VERSION, .sequence = 1};

	memset(pages, 0, RECORD_PLAN_AT);
	size_t len = strnlen(boot_id, sizeof(first.boot_id) - 1);
	memcpy(first.boot_id, boot_id, len);
	first.checksum = checksum_of(&first);
	memcpy(pages, &first, sizeof(first));
	memcpy(pages + RECORD_ABOUT_AT, about, sizeof(*about));
}

static void end_strings(struct record_about *a)
{
	const struct {
		char *text;
		size_t room;
	} all[] = {{a->job, sizeof(a->job)}, {a->group, sizeof(a->group)},
		{a->task, sizeof(a->task)}, {a->alloc_name, sizeof(a->alloc_name)},
		{a->user, sizeof(a->user)}, {a->command, sizeof(a->command)},
		{a->alloc_dir, sizeof(a->alloc_dir)}};

	for (size_t i = 0; i < iso_len(all); i++)
		all[i].text[all[i].room - 1] = '\0';
}

/* @ret_slot: which of the two is the truth. */
static int read_slots(int fd, struct record *ret, unsigned *ret_slot, struct iso_err *err)
{
	struct record slot[2];
	int best = -1;

	for (unsigned i = 0; i < 2; i++) {
		ssize_t n = sys_pread(fd, &slot[i], sizeof(slot[i]), i * RECORD_SLOT_BYTES);
		if (n < 0)
			return iso_err_sys(err, "read the task's record");
		if (n == (ssize_t)sizeof(slot[i]) && is_valid(&slot[i]) &&
			(best < 0 || slot[i].sequence > slot[best].sequence))
			best = (int)i;
	}
	if (best < 0)
		return iso_err_set(err, ISO_FAULT_PROTOCOL, 0,
			"the task's record cannot be read: it is broken or of another version");
	*ret = slot[best];
	*ret_slot = (unsigned)best;
	return 0;
}

int record_read(int fd, struct record_file *ret, struct iso_err *err)
{
	struct record_file file;
	unsigned slot;

	if (read_slots(fd, &file.record, &slot, err))
		return -1;
	ssize_t n = sys_pread(fd, &file.about, sizeof(file.about), RECORD_ABOUT_AT);
	if (n < 0)
		return iso_err_sys(err, "read the task's record");
	if (n != (ssize_t)sizeof(file.about))
		return iso_err_set(err, ISO_FAULT_PROTOCOL, 0, "the task's record is cut short");
	end_strings(&file.about);
	*ret = file;
	return 0;
}

int record_write(int fd, struct record *record, struct iso_err *err)
{
	struct record old;
	unsigned slot;

	if (read_slots(fd, &old, &slot, err))
		return -1;
	record->magic = RECORD_MAGIC;
	record->version = RECORD_VERSION;
	record->sequence = old.sequence + 1;
	record->checksum = checksum_of(record);
	if (sys_pwrite(fd, record, sizeof(*record), (1 - slot) * RECORD_SLOT_BYTES) !=
		(ssize_t)sizeof(*record))
		return iso_err_sys(err, "write the task's record");
	return 0;
}

int record_boot_id(char ret[static RECORD_BOOT_ID_ROOM], struct iso_err *err)
{
	if (fd_get(AT_FDCWD, "/proc/sys/kernel/random/boot_id", ret, RECORD_BOOT_ID_ROOM) <= 0)
		return iso_err_sys(err, "read the boot id");
	ret[strcspn(ret, "\n")] = '\0';
	return 0;
}

int record_forget(int fd, struct iso_err *err)
{
	const uint32_t word = 1;

	return sys_pwrite(fd, &word, sizeof(word), RECORD_FORGET_AT) == (ssize_t)sizeof(word)
		       ? 0
		       : iso_err_sys(err, "write the task's record");
}

bool record_is_forgotten(int fd)
{
	uint32_t word = 0;

	return sys_pread(fd, &word, sizeof(word), RECORD_FORGET_AT) == (ssize_t)sizeof(word) &&
	       word != 0;
}

int record_lock(int fd, struct iso_err *err)
{
	if (!sys_flock_now(fd))
		return 0;
	return errno == EWOULDBLOCK ? RECORD_HELD : iso_err_sys(err, "lock the task's record");
}

void record_unlock(int fd)
{
	(void)sys_flock_free(fd); /* else at the end of the process */
}
