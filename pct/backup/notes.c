// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/backup/notes.h"
#include "base/base.h"

/* What stands between the braces, up to @end. */
static bool put_variable(FILE *to, const struct notes *n, const char *name, const char *end)
{
	const struct {
		const char *name, *value;
	} texts[] = {
		{ "cluster", n->cluster },
		{ "guestname", n->guestname },
		{ "node", n->node },
	};
	size_t len;

	while (name < end && *name == ' ')
		name++;
	while (end > name && end[-1] == ' ')
		end--;
	len = (size_t)(end - name);
	if (len == 4 && strncmp(name, "vmid", len) == 0)
		return fprintf(to, "%u", n->vmid) > 0;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (strlen(texts[i].name) == len && strncmp(name, texts[i].name, len) == 0) {
			fputs(texts[i].value ? texts[i].value : "", to);
			return true;
		}
	return false;
}

static int expand(const char *from, const struct notes *n, FILE *to, char why[OPTION_WHY])
{
	for (const char *p = from; *p; p++) {
		const char *end = p[0] == '{' && p[1] == '{' ? strstr(p + 2, "}}") : NULL;

		if (end) {
			if (!put_variable(to, n, p + 2, end)) {
				snprintf(why, OPTION_WHY,
					 "'%.40s' has to be {{cluster}}, {{guestname}}, {{node}} "
					 "or {{vmid}}",
					 p);
				return -EINVAL;
			}
			p = end + 1;
		} else if (p[0] == '\\' && (p[1] == 'n' || p[1] == '\\')) {
			fputc(p[1] == 'n' ? '\n' : '\\', to);
			p++;
		} else {
			fputc(*p, to);
		}
		if (ftell(to) > NOTES_MAX) {
			snprintf(why, OPTION_WHY, "it is too long");
			return -EINVAL;
		}
	}
	return 0;
}

int notes_make(const char *from, const struct notes *n, char **out, char why[OPTION_WHY])
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	int r;

	if (!to)
		return -ENOMEM;
	r = expand(from, n, to, why);
	if (r == 0)
		fputc('\n', to);
	if (fclose(to) != 0 && r == 0)
		r = -ENOMEM;
	if (r < 0)
		free(text);
	else
		*out = text;
	return r;
}
