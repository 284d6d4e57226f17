/* Options by table (options.h). */
#include "cli/options.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/nearest.h"

struct parser {
	const struct option_table *const *tables;
	size_t n_tables;
	char **argv;
	size_t argc, at;
	unsigned char *into;
	struct arena *arena;
};

static const struct option *find(const struct parser *p, const char *name, size_t len)
{
	for (size_t t = 0; t < p->n_tables; t++)
		for (size_t i = 0; i < p->tables[t]->n; i++) {
			const struct option *o = &p->tables[t]->options[i];
			if (strlen(o->name) == len && !memcmp(o->name, name, len))
				return o;
		}
	return NULL;
}

static const struct option *nearest(const struct parser *p, const char *name)
{
	const struct option *best = NULL;
	unsigned least = ~0U;

	for (size_t t = 0; t < p->n_tables; t++)
		for (size_t i = 0; i < p->tables[t]->n; i++) {
			const struct option *o = &p->tables[t]->options[i];
			unsigned d = nearest_distance(name, o->name);
			if (d < least && nearest_close(name, o->name)) {
				least = d;
				best = o;
			}
		}
	return best;
}

static int unknown(const struct parser *p, const char *word, const char *name, struct iso_err *err)
{
	const struct option *near = nearest(p, name);
	if (near)
		return iso_err_set(err, ISO_FAULT_INPUT, 0,
			"unknown option '%s': did you mean '-%s'?", word, near->name);
	return iso_err_set(err, ISO_FAULT_INPUT, 0, "unknown option '%s'", word);
}

static int number(const char *text, uint64_t *ret)
{
	uint64_t n = 0;

	if (!*text)
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || n > (UINT64_MAX - 9) / 10)
			return -1;
		n = n * 10 + (uint64_t)(*text - '0');
	}
	*ret = n;
	return 0;
}

static void append(struct parser *p, struct task_strings *list, const char *value)
{
	const char **grown = arena_grow(p->arena, list->v, list->n, list->n + 1, sizeof(*grown));
	grown[list->n] = value;
	*list = (struct task_strings){.v = grown, .n = list->n + 1};
}

static int flag(const char *value, bool *ret)
{
	*ret = !value || !strcmp(value, "true");
	return *ret || !strcmp(value, "false") ? 0 : -1;
}

/* @value: NULL only for a flag without "=". */
static int store(struct parser *p, const struct option *o, const char *value, struct iso_err *err)
{
	void *field = p->into + o->offset;

	switch (o->kind) {
	case OPTION_FLAG:
		if (flag(value, field))
			return iso_err_set(err, ISO_FAULT_INPUT, 0,
				"option '-%s' takes 'true' or 'false', got '%s'", o->name, value);
		break;
	case OPTION_STRING:
		memcpy(field, &value, sizeof(value));
		break;
	case OPTION_LIST:
		append(p, field, value);
		break;
	case OPTION_NUMBER:
	case OPTION_COUNT:
		if (number(value, field))
			return iso_err_set(err, ISO_FAULT_INPUT, 0,
				"option '-%s' takes a whole number, got '%s'", o->name, value);
		break;
	}
	return 0;
}

static int one(struct parser *p, struct iso_err *err)
{
	const char *word = p->argv[p->at++];
	const char *name = word + (word[1] == '-' ? 2 : 1);
	const char *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct option *o = find(p, name, len);

	if (!o)
		return unknown(p, word, arena_strndup(p->arena, name, len), err);
	const char *value = equals ? equals + 1 : NULL;
	if (!value && o->kind == OPTION_COUNT) {
		uint64_t *field = (void *)(p->into + o->offset);
		if (p->at < p->argc && !number(p->argv[p->at], field))
			p->at++;
		else
			*field = OPTION_COUNT_ALONE;
		return 0;
	}
	if (!value && o->kind != OPTION_FLAG) {
		if (p->at == p->argc)
			return iso_err_set(err, ISO_FAULT_INPUT, 0,
				"option '-%s' needs a value: %s", o->name, o->value);
		value = p->argv[p->at++];
	}
	return store(p, o, value, err);
}

int options_parse(const struct option_table *const *tables, size_t n_tables, char **argv,
	size_t argc, void *into, struct arena *arena, struct arguments *ret, struct iso_err *err)
{
	struct parser p = {tables, n_tables, argv, argc, 0, into, arena};

	*ret = (struct arguments){.words = arena_array(arena, argc + 1, sizeof(*ret->words))};
	while (p.at < argc) {
		const char *word = argv[p.at];
		if (!strcmp(word, "--")) {
			ret->has_command = true;
			ret->n_command = argc - p.at - 1;
			ret->command =
				arena_array(arena, ret->n_command + 1, sizeof(*ret->command));
			for (size_t i = 0; i < ret->n_command; i++)
				ret->command[i] = argv[p.at + 1 + i];
			return 0;
		}
		if (word[0] != '-' || !word[1]) { /* a lone "-" is standard input */
			ret->words[ret->n_words++] = word;
			p.at++;
		} else if (one(&p, err)) {
			return -1;
		}
	}
	return 0;
}

int options_head(const struct option_table *const *tables, char **argv, size_t argc, void *into,
	struct arena *arena, size_t *ret_used, struct iso_err *err)
{
	struct parser p = {tables, 0, argv, argc, 0, into, arena};

	while (tables[p.n_tables])
		p.n_tables++;
	while (p.at < argc && argv[p.at][0] == '-' && argv[p.at][1] &&
		strcmp(argv[p.at], "--") != 0)
		if (one(&p, err))
			return -1;
	*ret_used = p.at;
	return 0;
}

void options_help(const struct option_table *const *tables, size_t n_tables, struct buf *out)
{
	for (size_t t = 0; t < n_tables; t++)
		for (size_t i = 0; i < tables[t]->n; i++) {
			const struct option *o = &tables[t]->options[i];
			own_buf left = BUF_INIT;
			buf_printf(&left, "-%s%s%s", o->name, o->value ? " " : "",
				o->value ? o->value : "");
			buf_printf(out, "  %-26s %s\n", buf_text(&left), o->help);
		}
}
