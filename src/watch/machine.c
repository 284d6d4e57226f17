/* The table of machine.h. */
#include "watch/machine.h"

struct sup_move sup_next(enum sup_state state, enum sup_event event)
{
	static const struct sup_move table[N_SUP_STATES][N_SUP_EVENTS] = {
		[SUP_RUNNING] =
			{
				[SUP_EV_STOP] = {SUP_STOPPING, SUP_DO_SIGNAL},
				[SUP_EV_KILL] = {SUP_KILLING, SUP_DO_KILL},
				[SUP_EV_DROPPED] = {SUP_RUNNING, SUP_DO_NOTHING},
				[SUP_EV_TIME] = {SUP_RUNNING, SUP_DO_NOTHING},
				[SUP_EV_EXITED] = {SUP_ENDED, SUP_DO_END},
			},
		[SUP_STOPPING] =
			{
				[SUP_EV_STOP] = {SUP_STOPPING, SUP_DO_SIGNAL},
				[SUP_EV_KILL] = {SUP_KILLING, SUP_DO_KILL},
				[SUP_EV_DROPPED] = {SUP_KILLING, SUP_DO_KILL},
				[SUP_EV_TIME] = {SUP_KILLING, SUP_DO_FORCE},
				[SUP_EV_EXITED] = {SUP_ENDED, SUP_DO_END},
			},
		[SUP_KILLING] =
			{
				[SUP_EV_STOP] = {SUP_KILLING, SUP_DO_NOTHING},
				[SUP_EV_KILL] = {SUP_KILLING, SUP_DO_KILL},
				[SUP_EV_DROPPED] = {SUP_KILLING, SUP_DO_NOTHING},
				[SUP_EV_TIME] = {SUP_KILLING, SUP_DO_NOTHING},
				[SUP_EV_EXITED] = {SUP_ENDED, SUP_DO_END},
			},
		[SUP_ENDED] =
			{
				[SUP_EV_STOP] = {SUP_ENDED, SUP_DO_NOTHING},
				[SUP_EV_KILL] = {SUP_ENDED, SUP_DO_NOTHING},
				[SUP_EV_DROPPED] = {SUP_ENDED, SUP_DO_NOTHING},
				[SUP_EV_TIME] = {SUP_ENDED, SUP_DO_NOTHING},
				[SUP_EV_EXITED] = {SUP_ENDED, SUP_DO_NOTHING},
			},
	};
	return table[state][event];
}
