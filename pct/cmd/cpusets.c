// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct cpusets: on which CPUs each container that runs may run; a line each, a column a CPU.
 */
#include "pct/cli/args.h"
#include "pct/cli/output.h"
#include "pct/ct/cores.h"
#include "pct/ct/cpuset.h"

static unsigned width_of(unsigned n)
{
	unsigned width = 1;

	for (; n >= 10; n /= 10)
		width++;
	return width;
}

static unsigned last_of(const struct cores_list *l)
{
	unsigned last = 0;

	for (size_t i = 0; i <= l->n; i++) {
		const struct cgv_cpuset *s = i < l->n ? &l->shares[i].now : &l->allowed;

		for (EACH_CPU(cpu, s))
			last = MAX(last, cpu);
	}
	return last;
}

static void rule(unsigned n)
{
	while (n--)
		putchar('-');
	putchar('\n');
}

static void show_text(const struct cores_list *l)
{
	unsigned last = last_of(l), cell = width_of(last) + 1, label;

	if (l->n == 0) {
		puts("no running containers");
		return;
	}
	label = width_of(l->shares[l->n - 1].vmid) + 1;
	rule(label + (last + 1) * cell);
	for (size_t i = 0; i < l->n; i++) {
		unsigned at = 0;

		printf("%u:%*s", l->shares[i].vmid, (int)(label - 1 - width_of(l->shares[i].vmid)),
		       "");
		for (EACH_CPU(cpu, &l->shares[i].now)) {
			printf("%*u", (int)((cpu - at + 1) * cell), cpu);
			at = cpu + 1;
		}
		putchar('\n');
	}
	rule(label + (last + 1) * cell);
}

static void show_json(const struct cores_list *l)
{
	auto_output rows = json_object_new_array();

	for (size_t i = 0; i < l->n; i++) {
		struct json_object *row = json_object_new_object();
		struct json_object *cpus = json_object_new_array();
		const struct cgv_cpuset *s = &l->shares[i].now;

		for (EACH_CPU(cpu, s))
			json_object_array_add(cpus, json_object_new_int((int)cpu));
		json_object_object_add(row, "vmid", json_object_new_int((int)l->shares[i].vmid));
		json_object_object_add(row, "cpus", cpus);
		json_object_array_add(rows, row);
	}
	output_json(rows);
}

static int run(const struct args *a)
{
	CLEANUP(cores_list_free) struct cores_list l = { 0 };
	int r = cores_list(&l);

	if (r == 0 && args_json(a))
		show_json(&l);
	else if (r == 0)
		show_text(&l);
	return r;
}

const struct command cmd_cpusets = {
	.name = "cpusets",
	.args = "",
	.help = "Show on which CPUs each running container may run",
	.prints = true,
	.run = run,
};
