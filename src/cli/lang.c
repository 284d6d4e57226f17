/* dlopen of the job language (lang.h). */
#include "cli/lang.h"

#include <dlfcn.h>

#include "run/program.h"

int lang_open(const struct lang_api **ret, struct iso_err *err)
{
	char path[PROGRAM_PATH_MAX];
	if (program_find("isoexec-job.so", path, err))
		return -1;
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct lang_api *api = module ? dlsym(module, LANG_SYMBOL) : NULL;
	if (!api)
		return iso_err_set(
			err, ISO_FAULT_SYSTEM, 0, "load the job language: %s", dlerror());
	if (api->version != LANG_VERSION)
		return iso_err_set(err, ISO_FAULT_SYSTEM, 0,
			"load '%s': it is of another version (%u, expected %d)", path, api->version,
			LANG_VERSION);
	*ret = api;
	return 0;
}
