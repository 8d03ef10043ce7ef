// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct network: bridges that pct manages, with a way out, addresses and names.
 */
#include "pct/cli/args.h"
#include "pct/cli/output.h"
#include "pct/conf/forms.h"
#include "pct/net/bridge.h"
#include "pct/net/managed.h"

static int list(const struct args *a)
{
	CLEANUP(managed_list_free) char **names = managed_list();
	auto_output all = args_json(a) ? json_object_new_array() : NULL;

	if (!names)
		return fail(-ENOMEM, "list the networks");
	if (!all)
		printf("%-15s %-18s %s\n", "NAME", "SUBNET", "STATUS");
	for (char **n = names; *n; n++) {
		auto_managed m = { 0 };
		const char *status;

		if (managed_load(*n, &m) < 0)
			continue;
		status = network_status(&m);
		if (!all) {
			printf("%-15s %-18s %s\n", *n, m.subnet, status);
			continue;
		}
		json_object *o = json_object_new_object();

		json_object_object_add(o, "name", json_object_new_string(*n));
		json_object_object_add(o, "subnet", json_object_new_string(m.subnet));
		json_object_object_add(o, "status", json_object_new_string(status));
		json_object_array_add(all, o);
	}
	if (all)
		output_json(all);
	return 0;
}

static void add(json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

static int show(const struct args *a, const char *name)
{
	auto_managed m = { 0 };
	auto_output o = json_object_new_object();
	char gateway[SUBNET_TEXT];
	int r = managed_load(name, &m);

	if (r < 0)
		return r;
	subnet_address(&m.net, 1, false, gateway);
	for (size_t i = 0; i < MANAGED_OPTIONS; i++) {
		const struct option *row = &managed_options[i];
		const char *value = config_get(&m.config, row->name);

		value = value ? value : managed_fallback(row->name);
		if (value)
			add(o, row->name, value);
	}
	add(o, "gateway", gateway);
	add(o, "name", name);
	add(o, "status", network_status(&m));
	if (args_json(a))
		output_json(o);
	else
		output_lines(o);
	return 0;
}

static bool is_key(const char *name)
{
	for (size_t i = 0; i < MANAGED_OPTIONS; i++)
		if (strcmp(managed_options[i].name, name) == 0)
			return true;
	return false;
}

static int create(const struct args *a, const char *name)
{
	CLEANUP(config_free) struct config c = { 0 };
	const char *why = form_interface(name);
	int r = config_init(&c);

	if (why || *name == '.')
		return refuse(EXIT_USAGE, "network: '%s' is not %s", name,
			      why ? why : "a name: it begins with '.'");
	for (size_t i = 0; r == 0 && i < a->n_given; i++)
		if (is_key(a->given[i].name))
			r = config_set(&c, a->given[i].name, a->given[i].value);
	if (r < 0)
		return fail(r, "make the network '%s'", name);
	return managed_create(name, &c);
}

static int run(const struct args *a)
{
	const char *what = a->argv[0], *name = a->argv[1];

	for (size_t i = 0; i < a->n_given; i++)
		if (is_key(a->given[i].name) && strcmp(what, "create") != 0)
			return refuse(EXIT_USAGE, "network: --%s is only for 'network create'",
				      a->given[i].name);
	if (strcmp(what, "list") == 0 && !name)
		return list(a);
	if (!name)
		return refuse(EXIT_USAGE, "network: '%s' needs the name of a network", what);
	if (form_interface(name))
		return refuse(EXIT_USAGE, "network: '%s' is not %s", name, form_interface(name));
	if (strcmp(what, "show") == 0)
		return show(a, name);
	if (strcmp(what, "create") == 0)
		return create(a, name);
	if (strcmp(what, "delete") == 0)
		return managed_remove(name);
	return refuse(EXIT_USAGE, "network: say list, create, show or delete, not '%s'", what);
}

const struct command cmd_network = {
	.name = "network",
	.args = "<action> [name]",
	.help = "List, create, show or delete bridges for containers: NAT, DHCP, names",
	.min_args = 1,
	.max_args = 2,
	.prints = true,
	.needs_root = true,
	.options = managed_options,
	.n_options = MANAGED_OPTIONS,
	.run = run,
};
