/* The order of isolation as data (order.c). */
#ifndef PLAN_ORDER_H
#define PLAN_ORDER_H

#include <stdbool.h>
#include <stddef.h>

struct planner;
struct iso_err;

struct order_row {
	const char *name;
	int (*want)(struct planner *p, struct iso_err *err);
	bool session; /* exec sessions take this step too */
	const char *reason;
};

const struct order_row *order_rows(size_t *ret_n);

#endif
