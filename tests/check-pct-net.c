// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a netN asks for, the names and addresses pct makes up for it, its firewall as text, and
 * which subnet a network gets.
 */
#include <check.h>
#undef fail /* ours is another one */

#include "base/base.h"
#include "pct/conf/forms.h"
#include "pct/net/firewall.h"
#include "pct/net/nic.h"
#include "pct/net/subnet.h"

START_TEST(the_hosts_end_is_called_by_vmid_and_number)
{
	char name[IFNAMSIZ], other[IFNAMSIZ];

	nic_host_name("", 100, 0, name);
	ck_assert_str_eq(name, "veth100i0");
	nic_host_name("", 99999999, 31, name);
	ck_assert_str_eq(name, "veth99999999i31");
	/* Not cut: that would be another's. */
	nic_host_name("", 999999999, 31, name);
	ck_assert_msg(strncmp(name, "pct", 3) == 0 && strlen(name) == 14, "%s", name);
	nic_host_name("/some/root", 100, 0, name);
	nic_host_name("/other/root", 100, 0, other);
	ck_assert_str_ne(name, other);
	ck_assert_ptr_null(form_interface(name));
	nic_host_name("/some/root", 101, 0, other);
	ck_assert_str_ne(name, other);
	nic_host_name("/some/root", 100, 0, other);
	ck_assert_str_eq(name, other);
}
END_TEST

START_TEST(a_mac_address_is_made_up_once)
{
	auto_free char *made = nic_complete(NULL, "name=eth0,bridge=b,ip=dhcp");
	auto_free char *again = nic_complete(NULL, "name=eth0,bridge=b,ip=dhcp");
	auto_free char *kept = nic_complete(made, "name=eth1,tag=4");
	auto_free char *given = nic_complete(made, "name=eth1,hwaddr=02:00:00:00:00:01");
	auto_free char *odd = nic_complete(NULL, "name=eth0,new=1");
	const char *mac = strstr(made, "hwaddr=") + 7;
	char text[MAC_TEXT];

	ck_assert_int_eq(strncmp(made, "name=eth0,bridge=b,hwaddr=BC:24:11:", 35), 0);
	ck_assert_str_eq(made + 43, ",ip=dhcp");
	ck_assert_str_ne(made, again);
	snprintf(text, sizeof(text), "%.17s", mac);
	ck_assert_ptr_null(form_mac(text));
	for (const char *p = text; *p; p++)
		ck_assert(*p < 'a');
	ck_assert_msg(strncmp(strstr(kept, "hwaddr=") + 7, text, 17) == 0, "%s", kept);
	ck_assert_str_eq(given, "name=eth1,hwaddr=02:00:00:00:00:01");
	ck_assert_msg(strncmp(odd, "name=eth0,new=1,hwaddr=BC:24:11:", 32) == 0, "%s", odd);
}
END_TEST

static struct nic parsed(const char *value)
{
	struct nic n;

	ck_assert_int_eq(nic_parse(100, 3, value, &n), 0);
	return n;
}

START_TEST(a_value_is_read)
{
	struct nic n = parsed("name=eth3,bridge=br,trunks=5;7;4094,tag=9,rate=0.5,firewall=1,"
			      "link_down=1,mtu=1400,ip=192.0.2.7/24,gw=192.0.2.1,ip6=auto");

	ck_assert_uint_eq(n.rate, 512 * 1024);
	ck_assert_uint_eq(n.tag, 9);
	ck_assert_uint_eq(n.mtu, 1400);
	ck_assert(n.firewall && n.down && n.trunked);
	ck_assert(n.trunks[0] == (1 << 5 | 1 << 7) && n.trunks[511] == 1 << 6);
	ck_assert(nic_static(&n, IPV4) && !nic_static(&n, IPV6));
	n = parsed("name=eth0,bridge=br,nonsense,mtu=1");
	ck_assert(!n.trunked && n.mtu == 0 && n.rate == 0 && !*n.mac);
	ck_assert_int_eq(nic_parse(100, 3, "bridge=br", &n), -EINVAL);
	ck_assert_int_eq(nic_parse(100, 3, "name=a b", &n), -EINVAL);
}
END_TEST

START_TEST(what_needs_another_device_is_told_from_what_does_not)
{
	struct nic a = parsed("name=eth0,bridge=a,hwaddr=BC:24:11:00:00:01,tag=5");
	struct nic b = parsed("name=eth0,bridge=a,hwaddr=bc:24:11:00:00:01,ip=dhcp");
	struct nic c = parsed("name=eth1,bridge=a,hwaddr=BC:24:11:00:00:01,tag=5");
	struct nic d = parsed("name=eth0,bridge=b,hwaddr=BC:24:11:00:00:02,tag=5");

	ck_assert(nic_same_device(&a, &b) && !nic_same_device(&a, &c) && !nic_same_device(&a, &d));
	ck_assert(nic_same_vlans(&a, &c) && !nic_same_vlans(&a, &b) && !nic_same_vlans(&a, &d));
}
END_TEST

/* A value, and text its rules have, or with "!" before it have not. */
static const struct {
	const char *value, *text;
} rules[] = {
	{ "name=eth0,hwaddr=BC:24:11:00:00:01,firewall=1,ip=192.0.2.7/24",
	  "set addr4 { type ipv4_addr; flags interval; auto-merge; elements = { 192.0.2.7 }; }" },
	{ "name=eth0,hwaddr=BC:24:11:00:00:01,firewall=1", "define mac = BC:24:11:00:00:01\n" },
	{ "name=eth0,hwaddr=BC:24:11:00:00:01,firewall=1,ip=dhcp",
	  "elements = { 0.0.0.0-255.255.255.255 }" },
	{ "name=eth0,hwaddr=BC:24:11:00:00:01,firewall=1", "set host4 { type ipv4_addr; flags "
							   "interval; auto-merge; elements = { "
							   "10.0.0.1 }; }" },
	{ "name=eth0,hwaddr=BC:24:11:00:00:01,firewall=1",
	  "set host6 { type ipv6_addr; flags interval; auto-merge; }" },
	{ "name=eth0,hwaddr=BC:24:11:00:00:01,firewall=1,ip6=2001:db8::7/64",
	  "@th,64,128 0x20010db8000000000000000000000007 return\n\t\tdrop" },
	{ "name=eth0,hwaddr=BC:24:11:00:00:01,firewall=1,ip6=auto", "!@th" },
	{ "name=eth0,hwaddr=BC:24:11:00:00:01,firewall=1", "include \"./100.nft\"" },
	{ "name=eth0,hwaddr=BC:24:11:00:00:01,firewall=1", "!limit rate" },
	{ "name=eth0,rate=2", "!include" },
	{ "name=eth0,rate=2", "limit rate over 2097152 bytes/second" },
};

START_TEST(the_firewall_names_the_address_that_dhcp_gives)
{
	struct nic n = parsed("name=eth0,hwaddr=BC:24:11:00:00:01,firewall=1,ip=dhcp");
	struct hosts hosts = { .given = "10.1.2.200" };
	auto_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_int_eq(firewall_write(&n, &hosts, out), 0);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "addr4 { type ipv4_addr; flags interval; auto-merge; "
					   "elements = { 10.1.2.200 }; }"));
}
END_TEST

START_TEST(the_firewall_says_what_the_value_says)
{
	struct nic n = parsed(rules[_i].value);
	struct hosts hosts = { .ip = { (char[]){ "10.0.0.1" }, NULL } };
	auto_free char *text = NULL;
	bool no = rules[_i].text[0] == '!';
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_int_eq(firewall_write(&n, &hosts, out), 0);
	fclose(out);
	ck_assert_msg(!!strstr(text, rules[_i].text + no) != no, "%s in\n%s", rules[_i].text, text);
}
END_TEST

static struct subnet net(const char *text)
{
	struct subnet s;

	ck_assert_msg(subnet_parse(text, &s), "%s", text);
	return s;
}

START_TEST(nets_are_read_and_compared)
{
	static const char *const bad[] = { "10.0.0.0",	 "10.0.0.1/24",	 "10.0.0.0/33", "10.0.0/24",
					   "10.0.0.0/",	 "10.0.0.0/+8",	 "::/0",	"",
					   "10.0.0.0/a", "10.0.0.0/24x", " 10.0.0.0/8" };
	struct subnet s, ten = net("10.0.0.0/8"), small = net("10.1.2.0/24"),
			 next = net("10.1.3.0/24"), all = net("0.0.0.0/0");
	char text[SUBNET_TEXT];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!subnet_parse(bad[i], &s), "%s", bad[i]);
	ck_assert(subnet_overlap(&ten, &small) && subnet_overlap(&small, &ten));
	ck_assert(subnet_overlap(&all, &small) && subnet_overlap(&small, &small));
	ck_assert(!subnet_overlap(&small, &next));
	subnet_address(&small, 1, true, text);
	ck_assert_str_eq(text, "10.1.2.1/24");
	subnet_address(&small, subnet_size(&small) - 2, false, text);
	ck_assert_str_eq(text, "10.1.2.254");
	ck_assert_ptr_null(form_subnet("10.1.2.0/29"));
	ck_assert_ptr_nonnull(form_subnet("10.1.2.0/30"));
	ck_assert_ptr_null(form_subnet6("fd00:1::/64"));
	ck_assert_ptr_nonnull(form_subnet6("fd00:1::1/64"));
	ck_assert_ptr_nonnull(form_subnet6("fd00:1::/48"));
}
END_TEST

START_TEST(a_free_subnet_is_found_if_there_is_one)
{
	struct subnet taken[] = { net("10.0.0.0/9"), net("10.128.0.0/10"), net("10.192.0.0/11"),
				  net("192.168.0.0/16"), net("10.224.0.0/12") };
	struct subnet all = net("10.0.0.0/8"), s, again, only = net("10.77.3.0/24");

	for (uint32_t seed = 0; seed < 100; seed++) {
		ck_assert_int_eq(subnet_pick(taken, ARRAY_LEN(taken), seed * 2654435761u, &s), 0);
		ck_assert_uint_eq(s.bits, 24);
		for (size_t i = 0; i < ARRAY_LEN(taken); i++)
			ck_assert(!subnet_overlap(&s, &taken[i]));
		ck_assert(subnet_overlap(&s, &all));
		ck_assert_int_eq(subnet_pick(taken, ARRAY_LEN(taken), seed * 2654435761u, &again),
				 0);
		ck_assert_uint_eq(s.first, again.first);
	}
	ck_assert_int_eq(subnet_pick(&all, 1, 7, &s), -EADDRNOTAVAIL);
	ck_assert_int_eq(subnet_pick(&only, 1, 77 << 8 | 3, &s), 0);
	ck_assert(!subnet_overlap(&s, &only));
}
END_TEST

/* All but one are taken: it is found wherever the search begins. */
START_TEST(the_last_free_subnet_is_found)
{
	auto_free struct subnet *taken = calloc(65536, sizeof(*taken));
	struct subnet s;
	size_t n = 0;

	for (uint32_t i = 0; i < 256; i++)
		if (i != 12)
			taken[n++] = (struct subnet){ 10u << 24 | i << 16, 16 };
	for (uint32_t i = 0; i < 256; i++)
		if (i != 34)
			taken[n++] = (struct subnet){ 10u << 24 | 12 << 16 | i << 8, 24 };
	for (uint32_t seed = 0; seed < 5; seed++) {
		ck_assert_int_eq(subnet_pick(taken, n, seed * 99991, &s), 0);
		ck_assert_uint_eq(s.first, 10u << 24 | 12 << 16 | 34 << 8);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pct net");
	TCase *t = tcase_create("net");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, the_hosts_end_is_called_by_vmid_and_number);
	tcase_add_test(t, a_mac_address_is_made_up_once);
	tcase_add_test(t, a_value_is_read);
	tcase_add_test(t, what_needs_another_device_is_told_from_what_does_not);
	tcase_add_test(t, the_firewall_names_the_address_that_dhcp_gives);
	tcase_add_loop_test(t, the_firewall_says_what_the_value_says, 0, ARRAY_LEN(rules));
	tcase_add_test(t, nets_are_read_and_compared);
	tcase_add_test(t, a_free_subnet_is_found_if_there_is_one);
	tcase_add_test(t, the_last_free_subnet_is_found);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
