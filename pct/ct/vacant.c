// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/ct/vacant.h"

#include "base/say.h"
#include "pct/conf/store.h"
#include "pct/ct/volumes.h"
#include "pct/paths.h"
#include "pct/root/tree.h"

static int refuse_there(unsigned vmid)
{
	CLEANUP(config_free) struct config c = { 0 };
	int r = conf_load(vmid, &c);
	const char *lock;

	if (r < 0)
		return r;
	lock = config_get(&c, "lock");
	if (lock && strcmp(lock, "create") == 0)
		return refuse(-EEXIST,
			      "CT %u is there, but was never finished: 'pct destroy %u' removes "
			      "it, then create it again",
			      vmid, vmid);
	return refuse(-EEXIST, "CT %u already exists; take another VMID, or 'pct destroy %u' first",
		      vmid, vmid);
}

int check_vacant(unsigned vmid)
{
	static const char *const dirs[] = { "images", "lxc" };

	if (conf_exists(vmid))
		return refuse_there(vmid);
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		auto_free char *path = path_to("var/lib/pct/%s/%u", dirs[i], vmid);

		if (access(path, F_OK) == 0)
			return refuse(-EEXIST,
				      "'%s' is in the way and belongs to no container; move "
				      "or remove it, then try again",
				      path);
	}
	return 0;
}

void vacate(unsigned vmid, const struct config *c, const char *what, int why)
{
	auto_free char *dir = path_to("var/lib/pct/lxc/%u", vmid);

	if (why == -EINTR)
		say(SAY_ERR, 0, "%s CT %u: interrupted, nothing is left of it", what, vmid);
	if (ct_volumes_remove(vmid, c, 0) < 0 || tree_remove(dir) < 0 || conf_remove(vmid) < 0)
		say(SAY_ERR, 0, "something is left of CT %u; 'pct destroy %u' removes it", vmid,
		    vmid);
}
