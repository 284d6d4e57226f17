/* Replacing references in one string (interpolate.h). One pass: what comes in by a value is not
 * looked at again. */
#include "job/interpolate.h"

#include <string.h>

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

static const char *value_of(const struct interpolation *in, const char *ref, size_t len)
{
	const char *name = plain_name(in, ref, len);

	if (!strncmp(name, "env.", 4)) {
		const char *value = look_up(&in->env, name + 4);
		return value ? value
			     : ""; /* as the reference: a variable that is not set is empty */
	}
	const char *value = look_up(&in->env, name);
	return value ? value : look_up_fact(&in->node, name);
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
		if (!hcl_diags_go_on(in->diags, text->range))
			return "";
		const char *value = value_of(in, t + 2, (size_t)(end - t - 2));
		if (!value)
			hcl_error(in->diags, text->range, "unknown reference",
				"\"%.*s\" is not known where the task runs", (int)(end - t + 1), t);
		if (value) { /* counted here: it may come many times in one text */
			(void)arena_spend(in->arena, strlen(value));
			buf_str(&out, value);
		}
		t = end + 1;
	}
	return arena_strdup(in->arena, buf_text(&out));
}
