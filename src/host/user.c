/* Accounts by NSS (user.h). */
#include "host/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "task/ids.h"

enum {
	ENTRY_BYTES = 64 * 1024,
	MOST_GROUPS = 65536,
	NOGROUP = 65534
};

static int unknown(const char *text, struct iso_err *err)
{
	return iso_err_set(err, ISO_FAULT_INPUT, 0,
		"failed to identify user \"%s\": user: unknown user %s", text, text);
}

static int groups_of(struct arena *arena, const struct passwd *pw, struct host_user *ret)
{
	int n = 64;
	gid_t *groups = arena_array(arena, (size_t)n, sizeof(*groups));

	if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0) {
		if (n <= 0 || n > MOST_GROUPS)
			return -1;
		groups = arena_array(arena, (size_t)n, sizeof(*groups));
		if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0)
			return -1;
	}
	ret->groups = groups;
	ret->n_groups = (size_t)n;
	return 0;
}

static int from_account(
	struct arena *arena, const struct passwd *pw, struct host_user *ret, struct iso_err *err)
{
	*ret = (struct host_user){
		.name = arena_strdup(arena, pw->pw_name),
		.uid = pw->pw_uid,
		.gid = pw->pw_gid,
		.home = pw->pw_dir && *pw->pw_dir ? arena_strdup(arena, pw->pw_dir) : "/",
	};
	if (groups_of(arena, pw, ret))
		return iso_err_sys(err, "list the groups of user '%s'", pw->pw_name);
	return 0;
}

static uint32_t nogroup(struct arena *arena)
{
	struct group entry, *found = NULL;
	char *room = arena_alloc(arena, ENTRY_BYTES);

	if (getgrnam_r("nogroup", &entry, room, ENTRY_BYTES, &found) || !found)
		return NOGROUP;
	return entry.gr_gid;
}

static void only(struct arena *arena, struct host_user *user, uint32_t gid)
{
	uint32_t *groups = arena_new_of(arena, uint32_t);

	*groups = gid;
	user->gid = gid;
	user->groups = groups;
	user->n_groups = 1;
}

static int by_number(
	struct arena *arena, const char *text, struct host_user *ret, struct iso_err *err)
{
	const char *colon = strchr(text, ':');
	const char *uid_text = colon ? arena_strndup(arena, text, (size_t)(colon - text)) : text;
	uint32_t uid, gid = 0;

	if (task_id_parse(uid_text, &uid) || (colon && task_id_parse(colon + 1, &gid)))
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"failed to identify user \"%s\": expected a name, a uid or uid:gid, "
			"numbers up to 4294967294 "
			"without sign or leading zero",
			text);
	struct passwd entry, *found = NULL;
	char *room = arena_alloc(arena, ENTRY_BYTES);
	if (!getpwuid_r(uid, &entry, room, ENTRY_BYTES, &found) && found) {
		if (from_account(arena, found, ret, err))
			return -1;
	} else {
		*ret = (struct host_user){.name = uid_text, .uid = uid, .home = "/"};
		only(arena, ret, nogroup(arena));
	}
	if (colon)
		only(arena, ret, gid);
	return 0;
}

int host_user_find(
	struct arena *arena, const char *text, struct host_user *ret, struct iso_err *err)
{
	if (!text)
		text = "nobody";
	if ((text[0] >= '0' && text[0] <= '9') || text[0] == '-' || text[0] == '+')
		return by_number(arena, text, ret, err);

	struct passwd entry, *found = NULL;
	char *room = arena_alloc(arena, ENTRY_BYTES);
	int r = getpwnam_r(text, &entry, room, ENTRY_BYTES, &found);
	if (found)
		return from_account(arena, found, ret, err);
	if (r && r != ENOENT && r != ESRCH) {
		errno = r;
		return iso_err_sys(err, "failed to identify user \"%s\"", text);
	}
	return unknown(text, err);
}
