/* Attributes of this machine under the names that a Nomad client gives them: ${attr.*}, ${node.*},
 * ${meta.*}. */
#ifndef CLI_NODE_H
#define CLI_NODE_H

#include "host/facts.h"
#include "task/operator.h"

/** node_attributes() - "name=value" each, without the dollar and braces */
struct task_strings node_attributes(struct arena *arena, const struct operator_config *config,
	const struct host_facts *machine);

#endif
