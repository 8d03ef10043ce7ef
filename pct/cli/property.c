// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/cli/property.h"
#include "base/base.h"

void properties_free(struct properties *p)
{
	for (size_t i = 0; i < PROPERTIES_MAX; i++)
		free(p->value[i]);
	*p = (struct properties){ 0 };
}

static size_t row_of(const struct option *rows, const char *name)
{
	size_t i = 0;

	while (rows[i].name && strcmp(rows[i].name, name) != 0)
		i++;
	return i;
}

static size_t bare_row(const struct option *rows)
{
	size_t i = 0;

	while (rows[i].name && !rows[i].bare)
		i++;
	return i;
}

/* "bridge=vmbr0": the row, and the value. A value may have a '=' of its own if it stands alone. */
static size_t take_name(const struct option *rows, char *item, const char **value)
{
	char *equals = strchr(item, '=');
	size_t row;

	if (!equals) {
		*value = item;
		return bare_row(rows);
	}
	*equals = '\0';
	*value = equals + 1;
	row = row_of(rows, item);
	if (!rows[row].name && rows[bare_row(rows)].name && *item == '/') {
		*equals = '=';
		*value = item;
		row = bare_row(rows);
	}
	return row;
}

static int take_item(struct properties *p, char *item, char why[OPTION_WHY])
{
	const char *value;
	size_t row = take_name(p->rows, item, &value);
	char its[OPTION_WHY] = "memory is out";
	int r;

	if (!p->rows[row].name)
		return value == item ? option_wrong(why, "'%.40s' is not 'property=value'", item)
				     : option_wrong(why, "there is no property '%.40s'", item);
	if (p->value[row])
		return option_wrong(why, "%s is given twice", p->rows[row].name);
	r = option_take(&p->rows[row], value, &p->value[row], its);
	return r < 0 ? option_wrong(why, "%s: %.*s", p->rows[row].name, OPTION_WHY - 40, its) : 0;
}

static int parse(const struct option *o, const char *text, bool lenient, struct properties *out,
		 char why[OPTION_WHY])
{
	auto_properties p = { .rows = o->properties };
	auto_free char *copy = strdup(text);
	char *next = copy, *item;
	int r = 0;

	if (!copy)
		return -ENOMEM;
	while (r == 0 && (item = strsep(&next, ","))) {
		r = take_item(&p, item, why);
		if (lenient)
			r = 0;
	}
	for (size_t i = 0; r == 0 && !lenient && p.rows[i].name; i++)
		if (p.rows[i].required && !p.value[i])
			r = option_wrong(why, "%s is missing", p.rows[i].name);
	if (r < 0)
		return r;
	*out = p;
	p = (struct properties){ 0 };
	return 0;
}

int properties_parse(const struct option *o, const char *text, struct properties *out,
		     char why[OPTION_WHY])
{
	return parse(o, text, false, out, why);
}

int properties_read(const struct option *o, const char *text, struct properties *out)
{
	char why[OPTION_WHY];

	return parse(o, text, true, out, why);
}

const char *properties_get(const struct properties *p, const char *name)
{
	return p->rows ? p->value[row_of(p->rows, name)] : NULL;
}

bool properties_bool(const struct properties *p, const char *name)
{
	const char *value = properties_get(p, name);
	bool on = false;

	return value && option_bool(value, &on) && on;
}

int properties_set(struct properties *p, const char *name, const char *value)
{
	size_t row = row_of(p->rows, name);
	char *copy = NULL;

	if (!p->rows[row].name)
		return -EINVAL;
	if (value && !(copy = strdup(value)))
		return -ENOMEM;
	free(p->value[row]);
	p->value[row] = copy;
	return 0;
}

/* 0: the one that stands first. */
static int rank(const struct option *row)
{
	return row->bare ? 0 : row->required ? 1 : 2;
}

static int compare(const struct option *a, const struct option *b)
{
	return rank(a) != rank(b) ? rank(a) - rank(b) : strcmp(a->name, b->name);
}

/* The first of those after @last, or of all; those without a value are passed. */
static size_t following(const struct properties *p, const struct option *last)
{
	size_t found = PROPERTIES_MAX;

	for (size_t i = 0; p->rows[i].name; i++)
		if (p->value[i] && (!last || compare(&p->rows[i], last) > 0) &&
		    (found == PROPERTIES_MAX || compare(&p->rows[i], &p->rows[found]) < 0))
			found = i;
	return found;
}

/* Without its name it is read back as it is: take_name(). */
static bool stands_alone(const char *value)
{
	return *value == '/' || !strchr(value, '=');
}

char *properties_write(const struct properties *p)
{
	auto_free char *text = NULL;
	size_t size, i = following(p, NULL);
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (; i < PROPERTIES_MAX; i = following(p, &p->rows[i])) {
		const struct option *row = &p->rows[i];

		bool bare = row->bare && stands_alone(p->value[i]);

		fprintf(f, "%s%s%s%s", ftell(f) ? "," : "", bare ? "" : row->name, bare ? "" : "=",
			p->value[i]);
	}
	return fclose(f) == 0 ? take_ptr(text) : NULL;
}

int properties_take(const struct option *o, const char *text, char **value, char why[OPTION_WHY])
{
	auto_properties p = { 0 };
	char *written;
	int r = properties_parse(o, text, &p, why);

	if (r < 0)
		return r;
	written = properties_write(&p);
	if (!written)
		return -ENOMEM;
	*value = written;
	return 0;
}
