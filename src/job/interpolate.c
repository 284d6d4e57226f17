/* Replacing references in one string (interpolate.h). One pass: what comes in by a value is not
 * looked at again. */
#include "job/interpolate.h"

#include <string.h>

#include "job/variables.h"

/* Sorted by bytes: those that begin with "NAME=" stand together. */
static const char *look_up(const struct task_strings *table, const char *name)
{
	size_t len = strlen(name), low = 0, high = table->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *entry = table->v[middle];
		int order = strncmp(entry, name, len);
		if (order < 0 || (!order && (unsigned char)entry[len] < '='))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == table->n || strncmp(table->v[low], name, len) != 0 || table->v[low][len] != '=')
		return NULL;
	return table->v[low] + len + 1;
}

/* The node's facts: not sorted, few. */
static const char *look_up_fact(const struct task_strings *facts, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < facts->n; i++)
		if (!strncmp(facts->v[i], name, len) && facts->v[i][len] == '=')
			return facts->v[i] + len + 1;
	return NULL;
}

/* env["X"] and meta["x"] are written env.X and meta.x in the tables. */
static const char *plain_name(const struct interpolation *in, const char *ref, size_t len)
{
	char *name = arena_alloc(in->arena, len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (ref[i] == '[' && i + 1 < len && ref[i + 1] == '"')
			name[n++] = '.';
		else if (ref[i] != ']' && ref[i] != '"' && ref[i] != ' ')
			name[n++] = ref[i];
	}
	return name;
}

static bool is_account_variable(const char *name)
{
	static const char *const names[] = {"HOME", "USER", "LOGNAME"};

	for (size_t i = 0; i < iso_len(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static const char *value_of(const struct interpolation *in, const char *name, const char **ret_why)
{
	*ret_why = "is not known where the task runs";
	if (strncmp(name, "env.", 4) != 0) {
		const char *value = look_up(&in->env, name);
		return value ? value : look_up_fact(&in->node, name);
	}
	name += 4;
	if (is_account_variable(name))
		return in->account ? in->account(in->arena, in->user, name) : NULL;
	if (in->self && strcmp(name, in->self) != 0 &&
		names_find(in->block, in->n_block, name, strlen(name))) {
		*ret_why = "stands in the same env block, whose variables cannot use each other: "
			   "let both use a local";
		return NULL;
	}
	*ret_why = "is not set in the task's environment";
	return look_up(&in->env, name);
}

/* Of "NOMAD_X}", "attr.x}", "env["X"]}"; not of "FOO}", "FOO:-x}" or "meta}", which are a shell's.
 */
static bool is_reference(const struct interpolation *in, const char *ref)
{
	size_t len = strspn(ref, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
	const char *root = arena_strndup(in->arena, ref, len);

	if (!strncmp(root, "NOMAD_", 6))
		return true;
	return (ref[len] == '.' || ref[len] == '[') && job_is_runtime_root(root);
}

const char *interpolate(const struct interpolation *in, const struct job_text *text)
{
	const char *t = text->text;
	own_buf out = BUF_INIT;

	if (!t || !strstr(t, "${"))
		return t;
	while (*t) {
		if (!strncmp(t, "$${", 3)) {
			buf_str(&out, "${");
			t += 3;
			continue;
		}
		const char *end =
			!strncmp(t, "${", 2) && is_reference(in, t + 2) ? strchr(t, '}') : NULL;
		if (!end) {
			buf_chr(&out, *t++);
			continue;
		}
		if (!hcl_diags_go_on(in->diags, text->range))
			return "";
		const char *why;
		const char *value =
			value_of(in, plain_name(in, t + 2, (size_t)(end - t - 2)), &why);
		if (!value)
			hcl_error(in->diags, text->range, "unknown reference", "\"%.*s\" %s",
				(int)(end - t + 1), t, why);
		if (value) { /* counted here: it may come many times in one text */
			(void)arena_spend(in->arena, strlen(value));
			buf_str(&out, value);
		}
		t = end + 1;
	}
	return arena_strdup(in->arena, buf_text(&out));
}
