// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/conf/keys.h"
#include "pct/pct.h"

// clang-format off
const struct command *const commands[] = {
	&cmd_autosnap,	   &cmd_backup,	  &cmd_bench,	 &cmd_clone,	   &cmd_complete,
	&cmd_config,
	&cmd_console,	   &cmd_cpusets,  &cmd_create,	 &cmd_delsnapshot, &cmd_destroy,
	&cmd_df,	   &cmd_enter,	  &cmd_exec,	 &cmd_fsck,	   &cmd_fstrim,
	&cmd_guest_setup,  &cmd_help,	  &cmd_hook,	 &cmd_image,	   &cmd_list,
	&cmd_listsnapshot, &cmd_manual,	  &cmd_mount,	 &cmd_move_volume, &cmd_move_volume_old,
	&cmd_net_up,	   &cmd_network,  &cmd_pending,	 &cmd_pull,	   &cmd_push,
	&cmd_reboot,	   &cmd_rescan,	  &cmd_resize,	 &cmd_restore,	   &cmd_resume,
	&cmd_rollback,	   &cmd_set,	  &cmd_shutdown, &cmd_snapshot,	   &cmd_start,
	&cmd_startall,	   &cmd_status,	  &cmd_stop,	 &cmd_stopall,	   &cmd_storage,
	&cmd_suspend,	   &cmd_template, &cmd_top,	 &cmd_unlock,	   &cmd_unmount,
	&cmd_wait,
};
// clang-format on
const size_t n_commands = ARRAY_LEN(commands);

static int names(const char *begin, char **out)
{
	auto_free char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return -ENOMEM;
	for (size_t i = 0; i < n_commands; i++)
		if (!commands[i]->hidden && strncmp(commands[i]->name, begin, strlen(begin)) == 0)
			fprintf(f, "%s%s", ftell(f) ? ", " : "", commands[i]->name);
	if (fclose(f) != 0)
		return -ENOMEM;
	*out = take_ptr(text);
	return 0;
}

int command_find(const char *word, const struct command **out, char **candidates)
{
	const struct command *found = NULL;
	size_t hits = 0;
	int r;

	for (size_t i = 0; i < n_commands; i++) {
		if (strncmp(commands[i]->name, word, strlen(word)) != 0 ||
		    (commands[i]->hidden && strcmp(commands[i]->name, word) != 0))
			continue;
		found = commands[i];
		hits++;
		if (strcmp(found->name, word) == 0) {
			hits = 1;
			break;
		}
	}
	if (hits == 1) {
		*out = found;
		return 0;
	}
	r = candidates ? names(hits ? word : "", candidates) : 0;
	return r < 0 ? r : hits ? -ENOTUNIQ : -ENOENT;
}

static const char *const formats[] = { "text", "json", NULL };

static const struct option output_format = { "output-format", OPTION_WORD, .words = formats,
					     .help = "for people, or for programs" };

const struct option *command_option(const struct command *c, size_t i)
{
	if (i < c->n_options)
		return &c->options[i];
	i -= c->n_options;
	if (c->prints && i-- == 0)
		return &output_format;
	for (size_t k = 0; c->takes_keys && k < n_keys; k++)
		if (!keys[k].internal && i-- == 0)
			return &keys[k].option;
	return NULL;
}
