/*
 * The program: for each rule, compare type, major, minor and wanted access with what is asked
 * (struct bpf_cgroup_dev_ctx) and return 1; at the end return 0. Written by hand: a compiler for 60
 * instructions would be a dependency without a task.
 */
#include "apply/device_program.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "base/num.h"
#include "base/own.h"
#include "base/sys.h"

enum {
	MAX_INSNS = 256,
	INSNS_A_RULE = 12,
	ANY = -1
};

struct program {
	struct bpf_insn code[MAX_INSNS];
	uint32_t n;
};

struct rule {
	uint32_t type; /* BPF_DEVCG_DEV_CHAR, _BLOCK */
	int64_t major, minor;
	uint32_t access; /* BPF_DEVCG_ACC_* that are allowed */
};

static void insn(
	struct program *p, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	struct bpf_insn *i = &p->code[p->n++];

	*i = (struct bpf_insn){.code = code, .off = off, .imm = imm};
	i->dst_reg = (uint8_t)(dst & 15U);
	i->src_reg = (uint8_t)(src & 15U);
}

static bool number_or_any(const char **at, int64_t *ret)
{
	uint64_t n;

	if (**at == '*') {
		(*at)++;
		*ret = ANY;
		return true;
	}
	if (!num_u64_at(at, &n) || n > INT32_MAX)
		return false;
	*ret = (int64_t)n;
	return true;
}

static bool parse(const char *text, struct rule *ret)
{
	static const struct {
		char letter;
		uint32_t bit;
	} accesses[] = {
		{'r', BPF_DEVCG_ACC_READ}, {'w', BPF_DEVCG_ACC_WRITE}, {'m', BPF_DEVCG_ACC_MKNOD}};

	*ret = (struct rule){.type = text[0] == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK};
	if ((text[0] != 'c' && text[0] != 'b') || text[1] != ' ')
		return false;
	text += 2;
	if (!number_or_any(&text, &ret->major) || *text++ != ':' ||
		!number_or_any(&text, &ret->minor) || *text++ != ' ')
		return false;
	for (; *text; text++)
		for (size_t i = 0; i < iso_len(accesses); i++)
			if (*text == accesses[i].letter)
				ret->access |= accesses[i].bit;
	return ret->access != 0;
}

/* r2 type, r3 access, r4 major, r5 minor; a comparison that fails jumps behind the rule. */
static void add_rule(struct program *p, const struct rule *r)
{
	uint32_t start = p->n;

	insn(p, BPF_JMP | BPF_JNE | BPF_K, 2, 0, 0, (int32_t)r->type);
	insn(p, BPF_ALU | BPF_MOV | BPF_X, 1, 3, 0, 0);
	insn(p, BPF_ALU | BPF_AND | BPF_K, 1, 0, 0, (int32_t)~r->access);
	insn(p, BPF_JMP | BPF_JNE | BPF_K, 1, 0, 0, 0);
	if (r->major != ANY)
		insn(p, BPF_JMP | BPF_JNE | BPF_K, 4, 0, 0, (int32_t)r->major);
	if (r->minor != ANY)
		insn(p, BPF_JMP | BPF_JNE | BPF_K, 5, 0, 0, (int32_t)r->minor);
	insn(p, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1);
	insn(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	for (uint32_t i = start; i < p->n; i++)
		if (p->code[i].code == (BPF_JMP | BPF_JNE | BPF_K))
			p->code[i].off = (int16_t)(p->n - i - 1);
}

static void load_fields(struct program *p)
{
	insn(p, BPF_LDX | BPF_MEM | BPF_W, 2, 1, 0, 0); /* access_type: (access << 16) | type */
	insn(p, BPF_ALU | BPF_MOV | BPF_X, 3, 2, 0, 0);
	insn(p, BPF_ALU | BPF_AND | BPF_K, 2, 0, 0, 0xffff);
	insn(p, BPF_ALU | BPF_RSH | BPF_K, 3, 0, 0, 16);
	insn(p, BPF_LDX | BPF_MEM | BPF_W, 4, 1, 4, 0);
	insn(p, BPF_LDX | BPF_MEM | BPF_W, 5, 1, 8, 0);
}

int device_program_attach(int cgroup_fd, struct steps_list rules, struct iso_err *err)
{
	static const char license[] = "Apache-2.0";
	struct program p = {.n = 0};
	const char *text;

	load_fields(&p);
	while ((text = steps_list_next(&rules))) {
		struct rule r;
		if (!parse(text, &r) || p.n + INSNS_A_RULE > MAX_INSNS)
			return iso_err_set(err, ISO_FAULT_PROTOCOL, EINVAL,
				"device rule '%s' cannot be read", text);
		add_rule(&p, &r);
	}
	insn(&p, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	insn(&p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);

	union bpf_attr load;
	memset(&load, 0, sizeof(load));
	load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	load.insns = (uint64_t)(uintptr_t)p.code;
	load.insn_cnt = p.n;
	load.license = (uint64_t)(uintptr_t)license;
	own_fd program = sys_bpf(BPF_PROG_LOAD, &load);
	if (program < 0)
		return iso_err_sys(err, "load the device program");
	union bpf_attr attach;
	memset(&attach, 0, sizeof(attach));
	attach.target_fd = (uint32_t)cgroup_fd;
	attach.attach_bpf_fd = (uint32_t)program;
	attach.attach_type = BPF_CGROUP_DEVICE;
	attach.attach_flags = BPF_F_ALLOW_MULTI;
	if (sys_bpf(BPF_PROG_ATTACH, &attach))
		return iso_err_sys(err, "attach the device program");
	return 0;
}
