// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What libnl-route has no words for, in the kernel's own: bridges, the VLANs of their ports, and
 * a token bucket.
 */
#include <linux/if_bridge.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

#include "pct/net/link.h"

#define VLANS 4096

static void free_msg(struct nl_msg **msg)
{
	if (*msg)
		nlmsg_free(*msg);
}
#define auto_msg CLEANUP(free_msg) struct nl_msg *

/* nl_send_sync() frees what it sends. */
int link_talk(struct nl_sock *s, struct nl_msg *msg)
{
	return link_errno(nl_send_sync(s, msg));
}

static struct nl_msg *link_msg(int type, int flags, int family, int index)
{
	struct ifinfomsg head = { .ifi_family = (unsigned char)family, .ifi_index = index };
	auto_msg msg = nlmsg_alloc_simple(type, flags);

	if (!msg || nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO) < 0)
		return NULL;
	return take_ptr(msg);
}

static bool has(const uint8_t *set, unsigned vlan)
{
	return set[vlan / 8] & 1 << vlan % 8;
}

static int put_vlan(struct nl_msg *msg, unsigned vlan, unsigned flags)
{
	struct bridge_vlan_info info = { .flags = (uint16_t)flags, .vid = (uint16_t)vlan };

	return nla_put(msg, IFLA_BRIDGE_VLAN_INFO, sizeof(info), &info);
}

static int put_range(struct nl_msg *msg, unsigned first, unsigned last)
{
	if (first == last)
		return put_vlan(msg, first, 0);
	return put_vlan(msg, first, BRIDGE_VLAN_INFO_RANGE_BEGIN) < 0
		   ? -NLE_NOMEM
		   : put_vlan(msg, last, BRIDGE_VLAN_INFO_RANGE_END);
}

/* Ranges, as a message has room for few thousands. */
static int put_tagged(struct nl_msg *msg, unsigned untagged, const uint8_t *tagged)
{
	int r = 0;

	for (unsigned v = 1; r >= 0 && v < VLANS - 1; v++) {
		unsigned first = v;

		if (!has(tagged, v) || v == untagged)
			continue;
		while (v + 1 < VLANS - 1 && has(tagged, v + 1) && v + 1 != untagged)
			v++;
		r = put_range(msg, first, v);
	}
	return r;
}

static int set_vlans(struct nl_sock *s, int type, int index, unsigned untagged,
		     const uint8_t *tagged)
{
	auto_msg msg = link_msg(type, NLM_F_ACK, AF_BRIDGE, index);
	struct nlattr *spec = msg ? nla_nest_start(msg, IFLA_AF_SPEC) : NULL;

	if (!spec || put_tagged(msg, untagged, tagged) < 0 ||
	    (untagged &&
	     put_vlan(msg, untagged, BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED) < 0))
		return -ENOMEM;
	nla_nest_end(msg, spec);
	return link_talk(s, take_ptr(msg));
}

int link_port_vlans(struct nl_sock *s, int index, unsigned untagged, const uint8_t tagged[512])
{
	uint8_t all[VLANS / 8];
	int r;

	memset(all, 0xff, sizeof(all));
	r = set_vlans(s, RTM_DELLINK, index, 0, all);
	return r < 0 ? r : set_vlans(s, RTM_SETLINK, index, untagged, tagged);
}

int link_add_bridge(struct nl_sock *s, const char *name, bool vlans)
{
	auto_msg msg = link_msg(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, AF_UNSPEC, 0);
	struct nlattr *info, *data;

	if (!msg || nla_put_string(msg, IFLA_IFNAME, name) < 0 ||
	    !(info = nla_nest_start(msg, IFLA_LINKINFO)) ||
	    nla_put_string(msg, IFLA_INFO_KIND, "bridge") < 0 ||
	    !(data = nla_nest_start(msg, IFLA_INFO_DATA)) ||
	    /* Nobody makes loops of containers' ends: they speak at once, not after 15 s. */
	    nla_put_u32(msg, IFLA_BR_FORWARD_DELAY, 0) < 0 ||
	    (vlans && nla_put_u8(msg, IFLA_BR_VLAN_FILTERING, 1) < 0))
		return -ENOMEM;
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	return link_talk(s, take_ptr(msg));
}

static int take_filtering(struct nl_msg *msg, void *data)
{
	struct nlattr *all[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1], *bridge[IFLA_BR_MAX + 1];
	bool *on = data;

	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(struct ifinfomsg), all, IFLA_MAX, NULL) == 0 &&
	    all[IFLA_LINKINFO] &&
	    nla_parse_nested(info, IFLA_INFO_MAX, all[IFLA_LINKINFO], NULL) == 0 &&
	    info[IFLA_INFO_DATA] &&
	    nla_parse_nested(bridge, IFLA_BR_MAX, info[IFLA_INFO_DATA], NULL) == 0 &&
	    bridge[IFLA_BR_VLAN_FILTERING])
		*on = nla_get_u8(bridge[IFLA_BR_VLAN_FILTERING]);
	return NL_OK;
}

bool link_bridge_has_vlans(struct nl_sock *s, int index)
{
	auto_msg msg = link_msg(RTM_GETLINK, 0, AF_UNSPEC, index);
	bool on = false;

	nl_socket_modify_cb(s, NL_CB_VALID, NL_CB_CUSTOM, take_filtering, &on);
	/* The answer; then that it was the last, as libnl asks for with every message. */
	if (msg && nl_send_auto(s, msg) >= 0 && nl_recvmsgs_default(s) == 0)
		(void)nl_wait_for_ack(s);
	nl_socket_modify_cb(s, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);
	return on;
}

static int put_bucket(struct nl_msg *msg, uint64_t rate)
{
	/* What comes at once is 20 ms' worth; a large packet of the kernel's must fit. */
	uint64_t least = MAX(rate / 50, (uint64_t)1 << 16);
	uint64_t burst = MIN(least, (uint64_t)1 << 28);
	uint32_t low = (uint32_t)MIN(rate, (uint64_t)UINT32_MAX);
	uint64_t limit = MIN(burst + rate / 10, (uint64_t)1 << 30);
	struct tc_tbf_qopt opt = {
		.rate = { .rate = low, .linklayer = 1 /* TC_LINKLAYER_ETHERNET */ },
		.limit = (uint32_t)limit,
		.buffer = 1,
	};
	struct nlattr *options = nla_nest_start(msg, TCA_OPTIONS);

	if (!options || nla_put(msg, TCA_TBF_PARMS, sizeof(opt), &opt) < 0 ||
	    (rate > UINT32_MAX && nla_put_u64(msg, TCA_TBF_RATE64, rate) < 0) ||
	    nla_put_u32(msg, TCA_TBF_BURST, (uint32_t)burst) < 0)
		return -ENOMEM;
	nla_nest_end(msg, options);
	return 0;
}

int link_rate(struct nl_sock *s, int index, uint64_t rate)
{
	struct tcmsg head = { .tcm_ifindex = index, .tcm_parent = TC_H_ROOT };
	auto_msg msg =
	    nlmsg_alloc_simple(rate ? RTM_NEWQDISC : RTM_DELQDISC,
			       rate ? NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK : NLM_F_ACK);
	int r;

	if (!msg || nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO) < 0 ||
	    (rate && nla_put_string(msg, TCA_KIND, "tbf") < 0))
		return -ENOMEM;
	r = rate ? put_bucket(msg, rate) : 0;
	if (r == 0)
		r = link_talk(s, take_ptr(msg));
	/* None to take away. */
	return !rate && (r == -ENOENT || r == -EINVAL) ? 0 : r;
}
