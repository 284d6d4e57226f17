/* plan_build(): policy first, then every row of the order. */
#include "plan/plan.h"

#include <string.h>

#include "plan/order.h"
#include "plan/planner.h"

static void fill_header(struct planner *p)
{
	struct steps_header *h = &p->b->header;

	h->kill_signal = (uint32_t)p->task->kill_signal;
	h->kill_timeout_ms = p->task->kill_timeout_ms;
	h->mem_limit_bytes = p->task->limits.mem_bytes;
	h->uid = p->facts->user.uid;
	h->gid = p->facts->user.gid;
	h->flags = p->private_pid ? STEPS_PID_PRIVATE : 0;
}

int plan_build(struct arena *arena, const struct task_config *task, const struct host_facts *facts,
	struct plan_result *ret, struct iso_err *err)
{
	*ret = (struct plan_result){.warnings = NULL};
	steps_builder_init(&ret->steps);
	struct planner p = {
		.arena = arena, .task = task, .facts = facts, .b = &ret->steps, .result = ret};

	memset(p.slot_cgroup, SLOT_NONE, sizeof(p.slot_cgroup));
	p.slot_cgroup_v2 = p.slot_log[1] = p.slot_log[2] = SLOT_NONE;
	p.slot_secrets = steps_slot(p.b); /* slot 0: ctl/report.h CTL_SECRETS_FD */
	int r = plan_policy(&p, err);
	if (!r)
		fill_header(&p);
	size_t n;
	const struct order_row *rows = order_rows(&n);
	for (size_t i = 0; i < n && !r; i++) {
		p.b->in_session = rows[i].session;
		r = rows[i].want(&p, err);
	}
	if (r)
		steps_builder_done(&ret->steps);
	return r;
}
