// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Tables of the kernel's that are cut to what a container sees: CPUs 1 and 3 of four, on node 1
 * alone, each by the host's text and what is left of it.
 */
#include "cgview/container.h"
#include "tests/fixture.h"

#define V2(path)   "sys/fs/cgroup/" path
#define NODE(path) "sys/devices/system/node/" path
#define ZONE                                                                                       \
	"  pages free     3840\n        min      27\n        managed  3840\n"                      \
	"        protection: (0, 3019, 9163)\n      nr_free_pages 3840\n  pagesets\n"

static const struct {
	const char *why, *path, *host, *want;
} cases[] = {
	{ "version 15", "proc/schedstat",
	  "version 15\ntimestamp 4294895403\n"
	  "cpu0 0 0 0 0 0 0 2775 27 64\ndomain0 3 7 0 0\ndomain1 f 7 0 0\n"
	  "cpu1 0 0 0 0 0 0 5139 28 38\ndomain0 3 7 0 0\ndomain1 f 7 0 0\n"
	  "cpu2 0 0 0 0 0 0 2844 17 78\ndomain0 c 7 0 0\ndomain1 f 7 0 0\n"
	  "cpu3 0 0 0 0 0 0 2496 13 57\ndomain0 c 7 0 0\ndomain1 f 7 0 0\n",
	  "version 15\ntimestamp 97500\n"
	  "cpu1 0 0 0 0 0 0 0 0 0\ndomain0 a 0 0 0\n"
	  "cpu3 0 0 0 0 0 0 0 0 0\ndomain0 a 0 0 0\n" },
	{ "version 17 names its domains", "proc/schedstat",
	  "version 17\ntimestamp 1\ncpu1 1 2\ndomain0 SMT 00000000,0000000a 5 6\n"
	  "domain1 MC 00000000,0000000f 5 6\ncpu3 1 2\ndomain0 MC 00000000,0000000f 5\n",
	  "version 17\ntimestamp 97500\ncpu1 0 0\ndomain0 SMT 00000000,0000000a 0 0\n"
	  "cpu3 0 0\ndomain0 MC 00000000,0000000a 0\n" },
	{ "what is not known is left out", "proc/schedstat",
	  "version 15\nhost 77\ndomain0 f 1\ncpux 1\ncpu9 1\ncpu1 1\ndomain0 x 1\ndomain0\n",
	  "version 15\ncpu1 0\n" },
	{ "zones of other nodes and page sets of other CPUs", "proc/zoneinfo",
	  "Node 0, zone      DMA\n" ZONE "    cpu: 1\n              count: 9\n"
	  "  vm stats threshold: 4\n  start_pfn:           1\n"
	  "Node 1, zone   Normal\n  per-node stats\n      nr_inactive_anon 45343\n" ZONE
	  "    cpu: 0\n              count: 3\n              batch: 63\n  vm stats threshold: 16\n"
	  "    cpu: 3\n              count: 9\n              batch: 63\n  vm stats threshold: 16\n"
	  "  node_unreclaimable:  0\n  start_pfn:           524288\n",
	  "Node 1, zone   Normal\n  per-node stats\n      nr_inactive_anon 0\n"
	  "  pages free     0\n        min      0\n        managed  0\n"
	  "        protection: (0, 0, 0)\n      nr_free_pages 0\n  pagesets\n"
	  "    cpu: 3\n              count: 0\n              batch: 0\n  vm stats threshold: 0\n"
	  "  node_unreclaimable:  0\n  start_pfn:           0\n" },
	{ "a digit in a name is no number", "proc/zoneinfo",
	  "Node 1, zone    DMA32\n      thp_2m_x 5\n      x2 77\n",
	  "Node 1, zone    DMA32\n      thp_2m_x 0\n      x2 0\n" },
	{ "a heading keeps its indent, and the columns their width", "proc/interrupts",
	  "           CPU0       CPU1       CPU2       CPU3       \n"
	  "  0:         11         22         33         44   IO-APIC   2-edge      timer\n"
	  "ERR:          7\n",
	  "           CPU1       CPU3       \n"
	  "  0:          0          0   IO-APIC   2-edge      timer\nERR:          0\n" },
	{ "nothing of the host's disks", "proc/partitions",
	  "major minor  #blocks  name\n\n 254        0    1572864 vda\n",
	  "major minor  #blocks  name\n\n" },
	{ "a host without disks", "proc/partitions", "", "" },
	{ "pageblocks", "proc/pagetypeinfo",
	  "Page block order: 9\nPages per block:  512\n\nFree pages count per migrate type\n",
	  "Page block order: 9\nPages per block:  512\n" },
	{ "slabs", "proc/slabinfo", "slabinfo - version: 2.1\n# name\nkmalloc-8 1 2 3\n",
	  "slabinfo - version: 2.1\n# name\n" },
};

static void put_host(struct tmp *t)
{
	tmp_make(t);
	tmp_host(t, 4);
	tmp_v2(t);
	tmp_put(t, NODE("online"), "0-1\n");
	tmp_put(t, NODE("node0/cpulist"), "0,2\n");
	tmp_put(t, NODE("node1/cpulist"), "1,3\n");
	tmp_put(t, "proc/7/cgroup", "0::/a\n");
	tmp_put(t, "proc/7/stat",
		"7 (init) S 1 7 7 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 1 0 2500 0 0\n");
	tmp_put(t, V2("a/cpuset.cpus.effective"), "1,3\n");
	tmp_put(t, V2("a/cpuset.mems.effective"), "1\n");
	tmp_put(t, V2("a/memory.max"), "max\n");
	tmp_put(t, V2("a/memory.current"), "4096\n");
}

/* What a container with that init is shown at @path of the host's text. */
static char *shown(const struct tmp *t, const char *path, pid_t init)
{
	struct container_spec spec = { .init = init };
	struct cgv_host h;
	struct container *c;
	struct moment m;
	char *text;

	tmp_open(t, &h);
	ck_assert_int_eq(cgv_place_of_path("a", &spec.place), 0);
	ck_assert_int_eq(container_new(&h, &spec, &c), 0);
	ck_assert_msg(container_render(c, file_find(path), path, &m) == 0, "%s", path);
	text = strndup(m.text, m.len);
	container_put(c);
	cgv_host_close(&h);
	return text;
}

START_TEST(shows_what_is_in_sight_and_no_number_of_the_hosts)
{
	auto_free char *text = NULL;
	struct tmp t;

	put_host(&t);
	tmp_put(&t, cases[_i].path, "%s", cases[_i].host);
	text = shown(&t, cases[_i].path, 7);
	ck_assert_msg(strcmp(text, cases[_i].want) == 0, "%s\n--- want\n%s--- got\n%s",
		      cases[_i].why, cases[_i].want, text);
	tmp_remove(&t);
}
END_TEST

/* ---- memory by node ---- */

#define MB(n) ((unsigned long long)(n) << 20)

static const struct {
	const char *why, *numa_stat;
	unsigned long long total[2], anon[2];
} nodes[] = {
	{ "no such file: all on the first", NULL, { 1024, 0 }, { 300, 0 } },
	{ "as the kernel says",
	  "anon N0=209715200 N1=104857600\nfile N0=0 N1=10485760\nslab_reclaimable N0=0 N1=0\n",
	  { 1024 - 110, 110 },
	  { 200, 100 } },
	{ "more than there is", "anon N0=0 N1=99999999999\n", { 624, 400 }, { 0, 300 } },
	{ "a node nobody sees: the first has it",
	  "anon N0=1 N7=104857600\n",
	  { 1024, 0 },
	  { 300, 0 } },
	{ "garbage", "anon N1=x N= =5 N1\nN1=5\n\n=\n", { 1024, 0 }, { 300, 0 } },
};

START_TEST(the_nodes_add_up_to_the_container)
{
	struct cgv_numa n = { 0 };
	struct cgv_memory m = { .total = MB(1024), .free = MB(624), .anon = MB(300) };
	struct cgv_nodes two = { .bits = { 3 } };
	struct cgv_container *c;
	struct cgv_host h;
	struct tmp t;

	put_host(&t);
	m.file = MB(100);
	if (nodes[_i].numa_stat)
		tmp_put(&t, V2("a/memory.numa_stat"), "%s", nodes[_i].numa_stat);
	tmp_open(&t, &h);
	c = tmp_container(&h, "a");
	for (int twice = 0; twice < 2; twice++) {
		ck_assert_int_eq(cgv_numa(c, &m, &two, &n), 0);
		ck_assert_uint_eq(n.n, 2);
		for (unsigned i = 0; i < 2; i++) {
			ck_assert_uint_eq(n.node[i].memory.total, MB(nodes[_i].total[i]));
			ck_assert_uint_eq(n.node[i].memory.anon, MB(nodes[_i].anon[i]));
		}
		ck_assert_uint_eq(n.node[0].memory.free, m.free);
		ck_assert_uint_eq(n.node[1].memory.free, 0);
	}
	cgv_numa_free(&n);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

START_TEST(v1_says_it_in_pages)
{
	struct cgv_memory m = { .total = MB(1024), .free = MB(624), .anon = MB(300) };
	struct cgv_nodes two = { .bits = { 3 } };
	struct cgv_numa n = { 0 };
	struct cgv_container *c;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 4);
	tmp_put(&t, V2("memory/a/memory.numa_stat"),
		"total=5 N0=5 N1=0\nanon=5 N0=5 N1=0\nhierarchical_total=30720 N0=5120 N1=25600\n"
		"hierarchical_anon=25600 N0=0 N1=25600\n");
	tmp_open(&t, &h);
	c = tmp_container(&h, "a");
	ck_assert_int_eq(cgv_numa(c, &m, &two, &n), 0);
	ck_assert_uint_eq(n.node[1].memory.total, MB(100));
	ck_assert_uint_eq(n.node[1].memory.anon, MB(100));
	ck_assert_uint_eq(n.node[0].memory.total, MB(924));
	ck_assert_uint_eq(n.node[0].memory.anon, MB(200));
	cgv_numa_free(&n);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* ---- huge pages ---- */

#define HUGE(path) "sys/kernel/mm/hugepages/" path

START_TEST(huge_pages_are_those_it_has_a_limit_for)
{
	static const struct {
		const char *path, *want;
	} files_of[] = {
		{ HUGE("hugepages-2048kB/nr_hugepages"), "8\n" },
		{ HUGE("hugepages-2048kB/nr_hugepages_mempolicy"), "8\n" },
		{ HUGE("hugepages-2048kB/free_hugepages"), "5\n" },
		{ HUGE("hugepages-2048kB/surplus_hugepages"), "0\n" },
		{ HUGE("hugepages-1048576kB/nr_hugepages"), "0\n" },
		{ HUGE("hugepages-1048576kB/demote_size"), "2048kB\n" },
		{ NODE("node1/hugepages/hugepages-2048kB/nr_hugepages"), "8\n" },
		{ NODE("node1/hugepages/hugepages-2048kB/free_hugepages"), "5\n" },
	};
	struct tmp t;

	put_host(&t);
	for (size_t i = 0; i < ARRAY_LEN(files_of); i++)
		tmp_put(&t, files_of[i].path,
			strstr(files_of[i].path, "demote") ? "2048kB\n" : "100\n");
	tmp_put(&t, HUGE("hugepages-1048576kB/nr_hugepages"), "2\n");
	tmp_put(&t, V2("a/hugetlb.2MB.max"), "16777216\n");
	tmp_put(&t, V2("a/hugetlb.2MB.current"), "6291456\n");
	tmp_put(&t, V2("a/hugetlb.1GB.max"), "max\n");
	tmp_put(&t, V2("a/hugetlb.1GB.current"), "1073741824\n");
	for (size_t i = 0; i < ARRAY_LEN(files_of); i++) {
		auto_free char *text = shown(&t, files_of[i].path, 7);

		ck_assert_msg(strcmp(text, files_of[i].want) == 0, "%s: %s", files_of[i].path,
			      text);
	}
	tmp_remove(&t);
}
END_TEST

/* ---- identity ---- */

#define BOOT_ID	     "proc/sys/kernel/random/boot_id"
#define PRODUCT_UUID "sys/devices/virtual/dmi/id/product_uuid"

/* From the authors' reference: key 00..0f, text 00, 01, … */
START_TEST(siphash_is_the_one_of_its_authors)
{
	static const uint64_t want[] = { 0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a,
					 0x85676696d7fb7e2d, 0xcf2794e0277187b7, 0x18765564cd99a68d,
					 0xcbc9466e58fee3ce, 0xab0200f58b01d137, 0x93f5f5799a932462,
					 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
					 0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee,
					 0xa129ca6149be45e5 };
	const uint64_t key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
	unsigned char text[ARRAY_LEN(want)];

	for (size_t n = 0; n < ARRAY_LEN(want); n++) {
		text[n] = (unsigned char)n;
		ck_assert_uint_eq(cgv_siphash(key, text, n), want[n]);
	}
}
END_TEST

static void check_uuid(const char *text)
{
	ck_assert_uint_eq(strlen(text), 37);
	for (size_t i = 0; i < 36; i++)
		ck_assert_msg(i == 8 || i == 13 || i == 18 || i == 23
				  ? text[i] == '-'
				  : strchr("0123456789abcdef", text[i]) != NULL,
			      "%s", text);
	ck_assert_int_eq(text[14], '4');
	ck_assert(strchr("89ab", text[19]) && text[36] == '\n');
}

/* What is different in each, and so in the id. */
static const struct {
	const char *why, *host, *start;
	bool by_cgroup;
} starts[] = {
	{ "one", "0f8e9c1a-3b5d-4c7e-8a90-b1c2d3e4f506\n", "2500", false },
	{ "later", "0f8e9c1a-3b5d-4c7e-8a90-b1c2d3e4f506\n", "2501", false },
	{ "after another boot", "0f8e9c1a-3b5d-4c7e-8a90-b1c2d3e4f507\n", "2500", false },
	{ "without an init", "0f8e9c1a-3b5d-4c7e-8a90-b1c2d3e4f506\n", "2500", true },
};

START_TEST(each_start_has_a_boot_id_and_keeps_it)
{
	char *id[ARRAY_LEN(starts)];
	struct tmp t;

	put_host(&t);
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		auto_free char *again = NULL;

		tmp_put(&t, BOOT_ID, "%s", starts[i].host);
		tmp_put(&t, "proc/7/stat",
			"7 (init) S 1 7 7 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 1 0 %s 0 0\n",
			starts[i].start);
		id[i] = shown(&t, BOOT_ID, starts[i].by_cgroup ? 0 : 7);
		check_uuid(id[i]);
		ck_assert_str_ne(id[i], starts[i].host);
		again = shown(&t, BOOT_ID, starts[i].by_cgroup ? 0 : 7);
		ck_assert_str_eq(id[i], again);
		for (size_t k = 0; k < i; k++)
			ck_assert_msg(strcmp(id[i], id[k]) != 0, "%s is %s", starts[i].why,
				      starts[k].why);
	}
	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		free(id[i]);
	tmp_remove(&t);
}
END_TEST

START_TEST(a_container_is_the_same_machine_at_each_start)
{
	auto_free char *one = NULL, *two = NULL;
	struct tmp t;

	put_host(&t);
	tmp_put(&t, PRODUCT_UUID, "3D0F1C52-8A67-4B1E-9C44-5E2B7F90A1D6\n");
	one = shown(&t, PRODUCT_UUID, 7);
	check_uuid(one);
	ck_assert(strncmp(one, "3d0f1c52", 8) != 0);
	tmp_put(&t, "proc/7/stat",
		"7 (init) S 1 7 7 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 1 0 9999 0 0\n");
	two = shown(&t, PRODUCT_UUID, 7);
	ck_assert_str_eq(one, two);
	tmp_remove(&t);
}
END_TEST

static const char *const no_uuids[] = { "",
					"\n",
					"Not Settable\n",
					"0f8e9c1a-3b5d-4c7e-8a90\n",
					"0f8e9c1a-3b5d-4c7e-8a90-b1c2d3e4f5066\n",
					"0f8e9c1a-3b5d-4c7e-8a90-b1c2d3e4f50g\n",
					"0f8e9c1a-3b5d-4c7e-8a90-b1c2d3e4f506-0\n",
					"0f8e9c1a3b5d4c7e8a90b1c2d3e4f506\n" };

START_TEST(what_is_no_uuid_gives_none)
{
	struct cgv_container *c;
	struct cgv_uuid u = { { 5 } };
	struct cgv_host h;
	struct tmp t;

	put_host(&t);
	tmp_put(&t, PRODUCT_UUID, "%s", no_uuids[_i]);
	tmp_open(&t, &h);
	c = tmp_container(&h, "a");
	ck_assert_int_eq(cgv_product_uuid(c, &u), -EBADMSG);
	ck_assert_int_eq(cgv_boot_id(c, 7, &u), -ENOENT);
	ck_assert_uint_eq(u.byte[0], 5);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tables");
	TCase *t = tcase_create("cut");

	tcase_add_loop_test(t, shows_what_is_in_sight_and_no_number_of_the_hosts, 0,
			    ARRAY_LEN(cases));
	tcase_add_loop_test(t, the_nodes_add_up_to_the_container, 0, ARRAY_LEN(nodes));
	tcase_add_test(t, v1_says_it_in_pages);
	tcase_add_test(t, huge_pages_are_those_it_has_a_limit_for);
	tcase_add_test(t, siphash_is_the_one_of_its_authors);
	tcase_add_test(t, each_start_has_a_boot_id_and_keeps_it);
	tcase_add_test(t, a_container_is_the_same_machine_at_each_start);
	tcase_add_loop_test(t, what_is_no_uuid_gives_none, 0, ARRAY_LEN(no_uuids));
	suite_add_tcase(s, t);
	return fixture_run(s);
}
