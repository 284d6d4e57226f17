/* The pure rules of task/: capabilities, numbers, names, signals, durations, paths. Expectations
 * from Nomad's behaviour. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "task/caps.h"
#include "task/cpus.h"
#include "task/duration.h"
#include "task/env.h"
#include "task/ids.h"
#include "task/name.h"
#include "task/root_map.h"
#include "task/signals.h"

enum {
	LAST_CAP = 40
};

static uint64_t caps(struct arena *arena, const char *const *names, size_t n, const char **unknown)
{
	const struct task_strings list = {.v = names, .n = n};
	return task_caps_parse(arena, &list, LAST_CAP, unknown);
}

static void test_caps(void **state)
{
	(void)state;
	own_arena arena = arena_new(0);
	const char *unknown;
	static const char *const spellings[] = {" CAP_Net_Raw ", "net_raw", "", "cap_chown"};
	static const char *const nomad[] = {"audit_write", "chown", "dac_override", "fowner",
		"fsetid", "kill", "mknod", "net_bind_service", "setfcap", "setgid", "setpcap",
		"setuid", "sys_chroot"};
	static const char *const wrong[] = {"zebra", "cap_ape", "chown", "ape"};
	static const char *const all[] = {"ALL"};

	assert_int_equal(caps(arena, spellings, 4, &unknown), 1 << 13 | 1 << 0);
	assert_null(unknown);
	assert_int_equal(
		caps(arena, nomad, 13, &unknown), TASK_CAPS_NOMAD_DEFAULT); /* B-132: a80405fb */
	(void)caps(arena, wrong, 4, &unknown);
	assert_string_equal(unknown, "ape, zebra"); /* B-113: lower case, sorted, once */
	assert_int_equal(caps(arena, all, 1, &unknown), 0x1ffffffffff);
	assert_string_equal(task_caps_text(arena, 1ULL << 12 | 1ULL << 25), "net_admin, sys_time");
	/* B-133, B-135: an add wins over a drop; dropping all leaves what is added */
	assert_int_equal(task_caps_result(0xff, 0x0f, 0x100, 0x101), 0x10e);
	assert_int_equal(task_caps_result(0xff, 0xff, 0x400, ~0ULL), 0x400);
}

static void test_ids(void **state)
{
	(void)state;
	static const char *const good[] = {"0", "65534", "4294967294"}, *const bad[] = {"", "00",
										"01", "+0", "-1",
										"4294967295",
										"4294967296", "1e3",
										" 1", "1 ",
										"99999999999999"};
	uint32_t id;
	struct iso_err err;

	for (size_t i = 0; i < iso_len(good); i++)
		assert_int_equal(task_id_parse(good[i], &id), 0);
	for (size_t i = 0; i < iso_len(bad); i++)
		assert_int_equal(task_id_parse(bad[i], &id), -1);

	assert_int_equal(task_ids_check("0,100-200,4294967295", "deniedHostUIDs", &err), 0);
	assert_int_equal(task_ids_check("", "deniedHostUIDs", &err), 0);
	assert_int_equal(task_ids_check("1,x", "deniedHostUIDs", &err), -1);
	assert_string_equal(
		err.text, "invalid range deniedHostUIDs \"x\": range bound not valid"); /* B-151 */
	assert_int_equal(task_ids_check("9-1", "deniedHostGIDs", &err), -1);
	assert_string_equal(err.text, "invalid range deniedHostGIDs \"9-1\": lower bound cannot be "
				      "greater than upper bound");
	assert_int_equal(task_ids_check("1-2-3", "deniedHostUIDs", &err), -1);
	assert_int_equal(task_ids_check("1, 2", "deniedHostUIDs", &err), -1);
	assert_int_equal(task_ids_check("4294967296", "deniedHostUIDs", &err), -1);
	assert_true(task_ids_has("0,100-200", 0));
	assert_true(task_ids_has("0,100-200", 200));
	assert_false(task_ids_has("0,100-200", 201));
	assert_true(task_ids_has("0-4294967295", 4294967294U));
	assert_false(task_ids_has(NULL, 0));
}

static void test_names(void **state)
{
	(void)state;
	static const char *const bad[] = {"", ".", "..", "a/b", ".hidden", "-x", "a b", "a\nb",
		"alloc", "Alloc", "LOCAL", "secrets", "tmp", "\xc3\xa4"};
	char much[200];
	struct iso_err err;

	memset(much, 'a', sizeof(much));
	much[sizeof(much) - 1] = '\0';
	for (size_t i = 0; i < iso_len(bad); i++)
		assert_int_equal(task_name_check(bad[i], &err), -1);
	assert_int_equal(task_name_check(much, &err), -1);
	assert_int_equal(task_name_check("web-1.frontend_2", &err), 0);
}

static void test_signals(void **state)
{
	(void)state;
	assert_int_equal(task_signal_number("SIGTERM"), 15);
	assert_int_equal(task_signal_number("SIGKILL"), 9);
	assert_int_equal(task_signal_number("TERM"), -1);
	assert_int_equal(task_signal_number("sigterm"), -1);
	assert_int_equal(task_signal_number("15"), -1);
	assert_string_equal(task_signal_name(9), "SIGKILL");
	assert_null(task_signal_name(64));
}

static void test_durations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {{"0", 0}, {"1ns", 1}, {"300ms", 300000000}, {"1.5h", 5400000000000},
		{"1m30s", 90000000000}, {"-2s", -2000000000}, {"2h45m", 9900000000000},
		{"1us", 1000}, {"1\xc2\xb5s", 1000}};
	static const char *const bad[] = {
		"", "5", "5 s", "s", "1x", "1h 2m", "5 minutes", "99999999999h"};
	int64_t ns;

	for (size_t i = 0; i < iso_len(good); i++) {
		assert_int_equal(task_duration_parse(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < iso_len(bad); i++)
		assert_int_equal(task_duration_parse(bad[i], &ns), -1);
}

static void test_paths(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
	} cases[] = {{"/", "/"}, {"//a//b/", "/a/b"}, {"/a/./b/..", "/a"}, {"/../../x", "/x"},
		{"a/b", "/a/b"}, {"/a/../..", "/"}};
	own_arena arena = arena_new(0);
	const char *rest;

	for (size_t i = 0; i < iso_len(cases); i++)
		assert_string_equal(path_clean(arena, cases[i].in), cases[i].out);
	assert_true(path_below("/usr", "/usr/share", &rest));
	assert_string_equal(rest, "share");
	assert_false(path_below("/usr", "/usrx/share", NULL));
	assert_false(path_below("/usr", "/usr", NULL));
	assert_true(path_below("/", "/x", NULL));
}

static void test_processors(void **state)
{
	(void)state;
	static const struct {
		const char *asked, *present;
		enum task_cpus answer;
		uint64_t cpu;
	} cases[] = {
		{"0", "0", TASK_CPUS_COVERED, 0},
		{"0-3", "0-3", TASK_CPUS_COVERED, 0},
		{"3,0", "0-1,3", TASK_CPUS_COVERED, 0},
		{"1-4", "0-2,3-5", TASK_CPUS_COVERED, 0},
		{"0-3", "0-1,3", TASK_CPUS_MISSING, 2},
		{"5,7", "0-1", TASK_CPUS_MISSING, 5},
		{"0,2", "0-1", TASK_CPUS_MISSING, 2},
		{"0-18446744073709551615", "0", TASK_CPUS_MISSING, 1},
		{"", "0", TASK_CPUS_MALFORMED, 0},
		{"0,", "0", TASK_CPUS_MALFORMED, 0},
		{",0", "0", TASK_CPUS_MALFORMED, 0},
		{"1-0", "0-1", TASK_CPUS_MALFORMED, 0},
		{"0-", "0", TASK_CPUS_MALFORMED, 0},
		{"9,x", "0", TASK_CPUS_MALFORMED, 0},
		{"0 1", "0-1", TASK_CPUS_MALFORMED, 0},
		{"-1", "0-1", TASK_CPUS_MALFORMED, 0},
	};

	for (size_t i = 0; i < iso_len(cases); i++) {
		uint64_t cpu = 0;
		enum task_cpus answer = task_cpus_cover(cases[i].asked, cases[i].present, &cpu);
		if (answer != cases[i].answer)
			fail_msg("'%s' in '%s': %d", cases[i].asked, cases[i].present, (int)answer);
		if (answer == TASK_CPUS_MISSING)
			assert_int_equal(cpu, cases[i].cpu);
	}
}

static void test_environment_layers(void **state)
{
	(void)state;
	own_arena arena = arena_new(0);
	static const char *const host[] = {"LANG=C", "NOMAD_DC=host"}, *const env[] = {"LANG=own"},
				 *const meta[] = {"a-b=1"};
	const struct task_env_in in = {.alloc_id = "12345678-9",
		.job_id = "j",
		.group_name = "g",
		.alloc_index = 2,
		.dc = "dc1",
		.host = {.v = host, .n = 2},
		.env = {.v = env, .n = 1},
		.meta = {.v = meta, .n = 1}};
	struct task_strings out = task_env_build(arena, &in);
	static const char *const want[] = {"LANG=own", "NOMAD_DC=dc1", "NOMAD_ALLOC_NAME=j.g[2]",
		"NOMAD_SHORT_ALLOC_ID=12345678", "NOMAD_META_a_b=1", "NOMAD_META_A_B=1",
		"NOMAD_ALLOC_INDEX=2"};

	for (size_t i = 0; i < iso_len(want); i++) {
		bool found = false;
		for (size_t k = 0; k < out.n; k++)
			found = found || !strcmp(out.v[k], want[i]);
		if (!found)
			fail_msg("%s is missing", want[i]);
	}
	for (size_t k = 1; k < out.n; k++)
		assert_true(strcmp(out.v[k - 1], out.v[k]) < 0);
}

static void test_env_names(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		size_t len;
		bool good;
	} cases[] = {
		{"A", 1, true},
		{"a-b.c d", 7, true},
		{"A=B", 1, true},
		{"\xc3\x84", 2, true},
		{"1", 1, true},
		{"", 0, false},
		{"A=B", 3, false},
		{"=", 1, false},
		{"A\nB", 3, false},
		{"A\tB", 3, false},
		{"A\0B", 3, false},
		{"\033[2J", 4, false},
		{"\x7f", 1, false},
		{"\xc2\x9b", 2, false},
		{"\xff", 1, false},
	};
	for (size_t i = 0; i < iso_len(cases); i++) {
		struct iso_err err = ISO_ERR_INIT;
		bool good = !task_env_name_check(cases[i].name, cases[i].len, &err);
		if (good != cases[i].good)
			fail_msg("case %zu", i);
		assert_int_equal(err.fault, good ? ISO_FAULT_NONE : ISO_FAULT_INPUT);
	}
}

static void test_titles(void **state)
{
	(void)state;
	struct iso_err err = ISO_ERR_INIT;

	assert_int_equal(task_title_check("My job, \xc3\xa4 (2) $x/y", &err), 0);
	assert_int_equal(task_title_check("", &err), 0);
	assert_int_equal(task_title_check("a\nb", &err), -1);
	assert_int_equal(task_title_check("\033[2J", &err), -1);
	assert_int_equal(task_title_check("\xc2\x85", &err), -1);
}

static void test_environment_repeated(void **state)
{
	(void)state;
	own_arena arena = arena_new(0);
	static const char *const host[] = {"PATH=/host", "NOMAD_REGION=host", "EMPTY=host"};
	static const char *const meta[] = {"a=1", "A=2", "b-c=3"};
	static const char *const env[] = {"PATH=/job", "X=1", "X=2", "X-Y=0", "EMPTY="};
	const struct task_env_in in = {.job_id = "j",
		.group_name = "g",
		.region = "r",
		.host = {host, iso_len(host)},
		.meta = {meta, iso_len(meta)},
		.env = {env, iso_len(env)}};
	static const char *const want[] = {"PATH=/job", "NOMAD_REGION=r", "X=2", "X-Y=0",
		"EMPTY=", "NOMAD_META_a=1", "NOMAD_META_A=2", "NOMAD_META_b_c=3",
		"NOMAD_META_B_C=3"};
	const struct task_strings got = task_env_build(arena, &in);

	for (size_t k = 1; k < got.n; k++)
		assert_true(strcmp(got.v[k - 1], got.v[k]) < 0);
	for (size_t i = 0; i < iso_len(want); i++) {
		size_t found = 0, len = strcspn(want[i], "=") + 1;
		for (size_t k = 0; k < got.n; k++)
			if (!strncmp(got.v[k], want[i], len)) {
				assert_string_equal(got.v[k], want[i]);
				found++;
			}
		assert_int_equal(found, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_processors),
		cmocka_unit_test(test_environment_layers),
		cmocka_unit_test(test_env_names),
		cmocka_unit_test(test_titles),
		cmocka_unit_test(test_environment_repeated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
