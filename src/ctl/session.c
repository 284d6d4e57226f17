/* Reading a session's request (session.h). It comes from root, and is checked all the same. */
#include "ctl/session.h"

#include <errno.h>

int session_read(const void *data, size_t len, struct session_request *ret, struct iso_err *err)
{
	const struct session_head *head = data;
	uint64_t ends = 0;

	if (len < sizeof(*head) || len > SESSION_MAX_BYTES || head->magic != SESSION_MAGIC ||
		head->bytes != len - sizeof(*head) || !head->n_argv)
		return iso_err_set(
			err, ISO_FAULT_PROTOCOL, EINVAL, "the request for a session is broken");
	const char *strings = (const char *)(head + 1);
	for (uint32_t i = 0; i < head->bytes; i++)
		ends += strings[i] == '\0';
	if (ends != (uint64_t)head->n_argv + head->n_env ||
		(head->bytes && strings[head->bytes - 1] != '\0'))
		return iso_err_set(err, ISO_FAULT_PROTOCOL, EINVAL,
			"the strings of the request for a session are broken");
	*ret = (struct session_request){.head = head, .strings = strings};
	return 0;
}
