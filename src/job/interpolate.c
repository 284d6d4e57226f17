/* Replacing references in one string (interpolate.h). One pass: what comes in by a value is not
 * looked at again. */
#include "job/interpolate.h"

#include <string.h>

static const char *look_up(const struct task_strings *table, const char *name, size_t len)
{
	for (size_t i = 0; i < table->n; i++)
		if (!strncmp(table->v[i], name, len) && table->v[i][len] == '=')
			return table->v[i] + len + 1;
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

static const char *value_of(const struct interpolation *in, const char *ref, size_t len)
{
	const char *name = plain_name(in, ref, len);

	if (!strncmp(name, "env.", 4)) {
		const char *value = look_up(&in->env, name + 4, strlen(name + 4));
		return value ? value
			     : ""; /* as the reference: a variable that is not set is empty */
	}
	const char *value = look_up(&in->env, name, strlen(name));
	return value ? value : look_up(&in->node, name, strlen(name));
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
		const char *end = strncmp(t, "${", 2) ? NULL : strchr(t, '}');
		if (!end) {
			buf_chr(&out, *t++);
			continue;
		}
		const char *value = value_of(in, t + 2, (size_t)(end - t - 2));
		if (!value)
			hcl_error(in->diags, text->range, "unknown reference",
				"\"%.*s\" is not known where the task runs", (int)(end - t + 1), t);
		buf_str(&out, value ? value : "");
		t = end + 1;
	}
	return arena_strdup(in->arena, buf_text(&out));
}
