/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The forms of values: NULL if @text has it, else what it should be ("a host name: ...").
 */
#pragma once

const char *form_hostname(const char *text);
const char *form_entrypoint(const char *text);
const char *form_command(const char *text); /* an absolute path, maybe with words after it */
const char *form_tag(const char *text);
const char *form_variable(const char *text); /* NAME=value */
const char *form_timezone(const char *text); /* a zone's name, or "host" */

const char *form_address(const char *text); /* of IPv4 or IPv6, as of a nameserver */
const char *form_gateway(const char *text); /* IPv4 */
const char *form_gateway6(const char *text);
const char *form_network(const char *text);  /* 192.0.2.7/24, dhcp, manual */
const char *form_network6(const char *text); /* 2001:db8::7/64, auto, dhcp, manual */
const char *form_mac(const char *text);	     /* of one machine, not of a group */
const char *form_interface(const char *text);
const char *form_vlan(const char *text); /* 1 to 4094 */

const char *form_volume(const char *text); /* storage:name, a directory, a device */
const char *form_inside(const char *text); /* a path in the container */
const char *form_place(const char *text);  /* one of the host */
const char *form_device(const char *text); /* /dev/... */
const char *form_mode(const char *text);   /* 0660 */
const char *form_size(const char *text);   /* 8G */
const char *form_mount_option(const char *text);
const char *form_filesystem(const char *text);
const char *form_idmap(const char *text); /* passthrough, or u:0:100000:65536 */
const char *form_group(const char *text); /* a number, or the name of a group */
