// SPDX-License-Identifier: LGPL-2.1-or-later
#include <json-c/json.h>

#include "base/say.h"
#include "bench/suite/suite.h"

void report_head(const struct section *s)
{
	const char *note = section_note(s);

	printf("\n%s\n", s->title);
	if (note)
		printf("  %s\n", note);
	fflush(stdout);
}

/* As many digits as mean something. */
static const char *number(double v, char out[24])
{
	snprintf(out, 24, v >= 100 || v == 0 ? "%.0f" : v >= 10 ? "%.1f" : "%.2f", v);
	return out;
}

static void report_curve(const struct result *r, size_t i)
{
	const struct figures *f = &r->of[i];
	char x[24], y[24];

	printf("  %-28s %-18s", i ? "" : r->c->name, r->c->subjects[i].who);
	for (size_t k = 0; k < f->n; k++)
		printf(" %s: %s", number(f->x[k], x), number(f->all[k], y));
	printf(" (%s by %s)\n", unit_of(r->c), r->c->x);
}

static void report_ratio(const struct result *r, enum role role, double ratio)
{
	const struct subject *other = result_other(r, role);

	if (other && ratio > 0)
		printf("  %-28s ÷ %-16s %9.3f\n", "", other->who, ratio);
}

void report_row(const struct result *r)
{
	char a[24], b[24], c[24];

	for (size_t i = 0; i < subjects_n(r->c); i++) {
		const struct figures *f = &r->of[i];

		if (f->there && r->c->kind == CURVE) {
			report_curve(r, i);
			continue;
		}
		printf("  %-28s %-18s ", i ? "" : r->c->name, r->c->subjects[i].who);
		if (!f->there)
			printf("%s\n", f->why ? f->why : "no figure");
		else
			printf("%9s %s (%s-%s)\n", number(f->median, a), unit_of(r->c),
			       number(f->min, b), number(f->max, c));
	}
	report_ratio(r, PEER, r->ratio);
	report_ratio(r, FLOOR, r->to_floor);
	if (r->same > 0)
		printf("  %-28s %-18s %9.3f (%.3f-%.3f)%s\n", "", "A/A", r->same, r->same_min,
		       r->same_max,
		       !r->ratio	   ? ""
		       : result_is_same(r) ? ": the ratio tells no difference"
					   : ": the ratio is another");
	fflush(stdout);
}

static struct json_object *json_of_figures(const struct figures *f, bool is_curve)
{
	struct json_object *o = json_object_new_object(), *all = json_object_new_array();

	if (!f->there) {
		json_object_object_add(o, "not",
				       json_object_new_string(f->why ? f->why : "no figure"));
		json_object_put(all);
		return o;
	}
	for (size_t i = 0; i < f->n; i++) {
		struct json_object *point = json_object_new_double(f->all[i]);

		if (is_curve) {
			struct json_object *pair = json_object_new_array();

			json_object_array_add(pair, json_object_new_double(f->x[i]));
			json_object_array_add(pair, point);
			point = pair;
		}
		json_object_array_add(all, point);
	}
	json_object_object_add(o, is_curve ? "points" : "rounds", all);
	if (!is_curve) {
		json_object_object_add(o, "median", json_object_new_double(f->median));
		json_object_object_add(o, "min", json_object_new_double(f->min));
		json_object_object_add(o, "max", json_object_new_double(f->max));
	}
	return o;
}

static struct json_object *json_of_result(const struct result *r)
{
	static const char *const roles[] = { "ours", "peer", "floor", "again" };
	struct json_object *o = json_object_new_object(), *subjects = json_object_new_array();

	json_object_object_add(o, "section", json_object_new_string(r->section->name));
	json_object_object_add(o, "case", json_object_new_string(r->c->name));
	json_object_object_add(o, "unit", json_object_new_string(unit_of(r->c)));
	json_object_object_add(o, "more_is_better", json_object_new_boolean(r->c->more));
	for (size_t i = 0; i < subjects_n(r->c); i++) {
		struct json_object *s = json_of_figures(&r->of[i], r->c->kind == CURVE);

		json_object_object_add(s, "who", json_object_new_string(r->c->subjects[i].who));
		json_object_object_add(s, "role",
				       json_object_new_string(roles[r->c->subjects[i].role]));
		json_object_array_add(subjects, s);
	}
	json_object_object_add(o, "subjects", subjects);
	if (r->ratio > 0)
		json_object_object_add(o, "ratio", json_object_new_double(r->ratio));
	if (r->to_floor > 0)
		json_object_object_add(o, "floor_ratio", json_object_new_double(r->to_floor));
	if (r->same > 0) {
		json_object_object_add(o, "again_ratio", json_object_new_double(r->same));
		json_object_object_add(o, "again_min", json_object_new_double(r->same_min));
		json_object_object_add(o, "again_max", json_object_new_double(r->same_max));
	}
	if (r->same > 0 && r->ratio > 0)
		json_object_object_add(o, "no_difference",
				       json_object_new_boolean(result_is_same(r)));
	return o;
}

/* The pictures that the page must have. */
static struct json_object *json_of_plots(const struct result *all, size_t n)
{
	struct json_object *o = json_object_new_array();
	size_t first = 0;
	char name[80];

	for (size_t i = 0; plots_can() && i < n; i++) {
		snprintf(name, sizeof(name), "%s-%zu.svg", all[i].section->name, i);
		if (result_has_plot(&all[i]))
			json_object_array_add(o, json_object_new_string(name));
		if (i + 1 < n && all[i + 1].section == all[i].section)
			continue;
		snprintf(name, sizeof(name), "%s.svg", all[i].section->name);
		if (section_has_plot(all + first, i + 1 - first))
			json_object_array_add(o, json_object_new_string(name));
		first = i + 1;
	}
	return o;
}

int report_json(const struct plan *p, const char *machine, const struct result *all, size_t n)
{
	struct json_object *o = json_object_new_object(), *results = json_object_new_array();
	struct json_object *notes = json_object_new_object();
	auto_free char *path = NULL;
	const char *note;
	int r = 0;

	json_object_object_add(o, "machine", json_object_new_string(machine));
	json_object_object_add(o, "rounds", json_object_new_int(p->rounds));
	json_object_object_add(o, "quick", json_object_new_boolean(p->quick));
	for (size_t i = 0; i < n; i++) {
		json_object_array_add(results, json_of_result(&all[i]));
		note = section_note(all[i].section);
		if (note)
			json_object_object_add(notes, all[i].section->name,
					       json_object_new_string(note));
	}
	json_object_object_add(o, "notes", notes);
	json_object_object_add(o, "plots", json_of_plots(all, n));
	json_object_object_add(o, "results", results);
	if (asprintf(&path, "%s/bench.json", p->out) < 0 ||
	    json_object_to_file_ext(path, o, JSON_C_TO_STRING_PRETTY) < 0)
		r = refuse(-EIO, "write '%s/bench.json': %s", p->out, json_util_get_last_err());
	json_object_put(o);
	return r;
}
