/* Printing what tasks say and what happens to them (console.h). */
#include "cli/console.h"

#include <string.h>
#include <unistd.h>

#include "cli/say.h"

static void put(struct console *c, int stream, const char *data, size_t len)
{
	outlet_put(&c->stream[stream].outlet, &c->watch, data, len);
}

/* Told once, on the other stream: the log files have it all. */
static void tell_given_up(struct console *c)
{
	own_buf line = BUF_INIT;

	if (c->told_given_up || c->stream[STDOUT_FILENO].outlet.state != OUTLET_GIVEN_UP)
		return;
	c->told_given_up = true;
	say_into(&line, "warning: nobody reads the standard output: what follows is not shown");
	put(c, STDERR_FILENO, buf_text(&line), line.len);
}

/* How a person tells it from the others: with the first eight characters of its alloc's id, as
 * NOMAD_SHORT_ALLOC_ID, when there are several allocs. */
static void add_name(const struct console *c, struct buf *out, const struct alloc_task *task)
{
	if (c->with_allocs)
		buf_printf(out, "%.8s/", task->config.alloc_id);
	buf_str(out, task->config.task_name);
}

/* What @last had begun and not ended is shown before somebody else speaks. */
static void add_prefix(
	struct console *c, struct console_stream *s, struct buf *out, const struct alloc_task *task)
{
	if (s->last != task)
		clean_end(&s->clean, out);
	if (s->mid_line && s->last == task)
		return;
	if (s->mid_line)
		buf_chr(out, '\n');
	if (c->prefixed) {
		add_name(c, out, task);
		buf_str(out, " | ");
	}
}

static void on_output(
	void *context, const struct alloc_task *task, int stream, const char *data, size_t len)
{
	struct console *c = context;
	struct console_stream *s = &c->stream[stream];
	bool filters = s->is_tty && !c->raw;
	own_buf out = BUF_INIT;

	if (!c->prefixed && !filters) {
		put(c, stream, data, len);
		s->mid_line = len && data[len - 1] != '\n';
		s->last = task;
		tell_given_up(c);
		return;
	}
	while (len) {
		const char *newline = memchr(data, '\n', len);
		size_t part = newline ? (size_t)(newline - data) + 1 : len;
		add_prefix(c, s, &out, task);
		if (filters)
			clean_stream(&s->clean, &out, data, part);
		else
			buf_add(&out, data, part);
		s->mid_line = !newline;
		s->last = task;
		data += part;
		len -= part;
	}
	put(c, stream, buf_text(&out), out.len);
	tell_given_up(c);
}

static void on_event(
	void *context, const struct alloc_task *task, enum life_event event, const char *text)
{
	struct console *c = context;
	static const struct {
		const char *word;
		bool always; /* also when quiet */
	} kinds[] = {
		[LIFE_EV_WARNING] = {"warning: ", true},
		[LIFE_EV_ARTIFACT] = {"", false},
		[LIFE_EV_STARTED] = {"", false},
		[LIFE_EV_EXITED] = {"", false},
		[LIFE_EV_EXIT_UNKNOWN] = {"", true},
		[LIFE_EV_OOM] = {"", true},
		[LIFE_EV_KILLED] = {"", true},
		[LIFE_EV_LOG_DROPPED] = {"warning: ", true},
		[LIFE_EV_RESTARTING] = {"", true},
		[LIFE_EV_NOT_RESTARTING] = {"not restarting: ", true},
		[LIFE_EV_FAILED] = {"", true},
	};
	const struct console_stream *out = &c->stream[STDOUT_FILENO];
	struct console_stream *err = &c->stream[STDERR_FILENO];

	if (c->quiet && !kinds[event].always)
		return;
	own_buf line = BUF_INIT;
	if (err->mid_line || (out->is_tty && err->is_tty && out->mid_line))
		buf_chr(&line, '\n');
	err->mid_line = false;
	own_buf name = BUF_INIT;
	add_name(c, &name, task);
	say_into(&line, "task '%s': %s%s", buf_text(&name), kinds[event].word, text);
	put(c, STDERR_FILENO, buf_text(&line), line.len);
}

void console_init(struct console *c, size_t n_allocs, size_t n_tasks, bool quiet, bool raw)
{
	*c = (struct console){
		.prefixed = n_tasks > 1, .with_allocs = n_allocs > 1, .quiet = quiet, .raw = raw};
	outlet_watch_init(&c->watch);
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		struct console_stream *s = &c->stream[fd];
		s->is_tty = isatty(fd) == 1;
		s->clean = (struct clean)CLEAN_INIT;
		outlet_open(&s->outlet, fd);
	}
}

void console_done(struct console *c)
{
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		struct console_stream *s = &c->stream[fd];
		own_buf rest = BUF_INIT;
		clean_end(&s->clean, &rest);
		put(c, fd, buf_text(&rest), rest.len);
		outlet_done(&s->outlet, &c->watch);
	}
	outlet_watch_done(&c->watch);
}

struct life_watcher console_watcher(struct console *c)
{
	return (struct life_watcher){.context = c, .output = on_output, .event = on_event};
}
