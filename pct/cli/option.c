// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <stdarg.h>

#include "base/base.h"
#include "pct/cli/option.h"
#include "pct/cli/property.h"

bool option_bool(const char *text, bool *value)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "1", true },	{ "on", true },	  { "yes", true }, { "true", true },
		{ "0", false }, { "off", false }, { "no", false }, { "false", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(text, words[i].word) == 0) {
			*value = words[i].value;
			return true;
		}
	return false;
}

bool option_number(const char *text, int64_t *millionths)
{
	int64_t whole = 0, unit = NUMBER_SCALE;
	const char *p = text;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, *p - '0', &whole))
			return false;
	if (__builtin_mul_overflow(whole, NUMBER_SCALE, &whole))
		return false;
	if (*p == '.') {
		if (!isdigit((unsigned char)*++p))
			return false;
		for (; isdigit((unsigned char)*p) && unit > 1; p++) {
			unit /= 10;
			if (__builtin_add_overflow(whole, (*p - '0') * unit, &whole))
				return false;
		}
	}
	if (*p)
		return false;
	*millionths = whole;
	return true;
}

int option_wrong(char why[OPTION_WHY], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, OPTION_WHY, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int keep(char **value, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	*value = copy;
	return 0;
}

static int take_bool(const char *text, char **value, char why[OPTION_WHY])
{
	bool on;

	if (!option_bool(text, &on))
		return option_wrong(
		    why, "'%.40s' is neither 1 (on, yes, true) nor 0 (off, no, false)", text);
	return keep(value, on ? "1" : "0");
}

static int take_number(const struct option *o, const char *text, char **value, char why[OPTION_WHY])
{
	bool whole = o->type == OPTION_INT;
	char shown[48];
	int64_t n;

	if (!option_number(text, &n) || (whole && strchr(text, '.')) || n < o->min * NUMBER_SCALE ||
	    n > o->max * NUMBER_SCALE)
		return option_wrong(why, "'%.40s' is not a %snumber from %lld to %lld", text,
				    whole ? "whole " : "", (long long)o->min, (long long)o->max);

	/* One spelling: no leading zeros, no trailing ones after the point. */
	n = snprintf(shown, sizeof(shown), "%lld.%06lld", (long long)(n / NUMBER_SCALE),
		     (long long)(n % NUMBER_SCALE));
	while (shown[n - 1] == '0')
		shown[--n] = '\0';
	if (shown[n - 1] == '.')
		shown[--n] = '\0';
	return keep(value, shown);
}

/* Would @text end or hide a line of a file: control characters, but for tabs. */
static bool is_one_line(const char *text, bool lines)
{
	for (const char *p = text; *p; p++)
		if ((iscntrl((unsigned char)*p) && *p != '\t') && !(lines && *p == '\n'))
			return false;
	return true;
}

/* A file's reader would not see it. */
static bool has_outer_blank(const char *text)
{
	size_t n = strlen(text);

	return n && (isspace((unsigned char)*text) || isspace((unsigned char)text[n - 1]));
}

static int take_text(const struct option *o, const char *text, char **value, char why[OPTION_WHY])
{
	size_t n = strlen(text);
	const char *form;

	if (!is_one_line(text, o->type == OPTION_LINES))
		return option_wrong(why, "control characters are not allowed");
	if (n < (size_t)o->min)
		return n ? option_wrong(why, "is %zu bytes long, fewer than %lld", n,
					(long long)o->min)
			 : option_wrong(why, "is empty");
	if (n > (size_t)o->max)
		return option_wrong(why, "is %zu bytes long, at most %lld are allowed", n,
				    (long long)o->max);
	if (o->type == OPTION_TEXT && has_outer_blank(text))
		return option_wrong(why, "begins or ends with a blank");
	form = o->form ? o->form(text) : NULL;
	if (form)
		return option_wrong(why, "'%.40s' is not %s", text, form);
	return keep(value, text);
}

static int take_word(const struct option *o, const char *text, char **value, char why[OPTION_WHY])
{
	char words[OPTION_WHY - 60] = "";
	size_t n = 0;

	for (size_t i = 0; o->words[i]; i++) {
		if (strcmp(text, o->words[i]) == 0)
			return keep(value, o->words[i]);
		if (n < sizeof(words))
			n += (size_t)snprintf(words + n, sizeof(words) - n, " %s", o->words[i]);
	}
	if (n >= sizeof(words))
		strcpy(words + sizeof(words) - 4, "...");
	return option_wrong(why, "'%.30s' is none of:%s", text, words);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Words that are in @text already become part of the new one: the caller's copy is cut up. */
static int join(const struct option *o, const char **words, size_t n, char **value)
{
	auto_free char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return -ENOMEM;
	if (o->set)
		qsort(words, n, sizeof(*words), compare);
	for (size_t i = 0; i < n; i++)
		if (!o->set || i == 0 || strcmp(words[i], words[i - 1]) != 0)
			fprintf(f, "%s%.1s", words[i], i + 1 < n ? o->separators : "");
	if (fclose(f) != 0)
		return -ENOMEM;
	/* What was left out as it was there already has no separator after it either. */
	if (size && text[size - 1] == *o->separators)
		text[size - 1] = '\0';
	*value = take_ptr(text);
	return 0;
}

/* @text is cut up; @words has room for as many words as it has bytes. */
static int split(const struct option *o, char *text, const char **words, size_t *n,
		 char why[OPTION_WHY])
{
	char *word;

	*n = 0;
	while ((word = strsep(&text, o->separators))) {
		const char *form = *word && o->form ? o->form(word) : NULL;

		if (form)
			return option_wrong(why, "'%.40s' is not %s", word, form);
		if (has_outer_blank(word))
			return option_wrong(why, "'%.40s' begins or ends with a blank", word);
		if (*word)
			words[(*n)++] = word;
	}
	return *n ? 0 : option_wrong(why, "is empty");
}

static int take_list(const struct option *o, const char *text, char **value, char why[OPTION_WHY])
{
	size_t len = strlen(text), n;
	const char **words;
	char *copy;
	int r;

	if (!is_one_line(text, strchr(o->separators, '\n')))
		return option_wrong(why, "control characters are not allowed");
	if (len > (size_t)o->max)
		return option_wrong(why, "is %zu bytes long, at most %lld are allowed", len,
				    (long long)o->max);
	copy = strdup(text);
	words = calloc(len + 1, sizeof(*words));
	r = copy && words ? split(o, copy, words, &n, why) : -ENOMEM;
	if (r == 0)
		r = join(o, words, n, value);
	free(words);
	free(copy);
	return r;
}

int option_take(const struct option *o, const char *text, char **value, char why[OPTION_WHY])
{
	switch (o->type) {
	case OPTION_BOOL:
		return take_bool(text, value, why);
	case OPTION_INT:
	case OPTION_NUMBER:
		return take_number(o, text, value, why);
	case OPTION_TEXT:
	case OPTION_LINES:
		return take_text(o, text, value, why);
	case OPTION_WORD:
		return take_word(o, text, value, why);
	case OPTION_LIST:
		return take_list(o, text, value, why);
	case OPTION_PROPERTIES:
		return properties_take(o, text, value, why);
	}
	return option_wrong(why, "is of an unknown type");
}

void option_shape(const struct option *o, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	if (o->value) {
		snprintf(out, size, "%s", o->value);
	} else if (o->type == OPTION_WORD) {
		for (size_t i = 0; o->words[i] && n < size; i++)
			n += (size_t)snprintf(out + n, size - n, "%s%s", i ? "|" : "", o->words[i]);
	} else if (o->type != OPTION_BOOL) {
		snprintf(out, size, "%s",
			 o->type == OPTION_INT || o->type == OPTION_NUMBER ? "<number>" : "<text>");
	}
}

bool option_is(const struct option *o, const char *text, size_t n)
{
	size_t stem = strlen(o->name), digits = n - stem;
	unsigned number = 0;

	if (n < stem || strncasecmp(o->name, text, stem) != 0)
		return false;
	if (o->count == 0)
		return digits == 0;
	if (digits == 0 || digits > 4 || (digits > 1 && text[stem] == '0'))
		return false;
	for (size_t i = stem; i < n; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		number = number * 10 + (unsigned)(text[i] - '0');
	}
	return number < o->count;
}
