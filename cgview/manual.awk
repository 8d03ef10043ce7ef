# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cgview(3), as roff, from the headers themselves: what they say is said in one place.
#
#	awk -f cgview/manual.awk -v date=2026-11-22 cgview/{cgview,identity,nodes}.h docs/free-of.c

function roff(text)
{
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	gsub(/'/, "\\(aq", text)
	return text
}

# A line of text, begun anew where the header begins anew.
function say(text)
{
	if (text ~ /^(@|Source:|Units:|-E[A-Z0-9]+( |$)|cgv_[a-z_]*\(\) - )/ && !fresh)
		print ".br"
	if (text != "")
		print "\\&" roff(text)
	fresh = text == ""
}

function code_ends()
{
	if (in_code)
		print ".fi"
	in_code = 0
}

function comment(line,	last)
{
	last = line ~ /\*\/[ \t]*$/
	sub(/^[ \t]*\/\*\*?[ \t]*/, "", line)
	sub(/[ \t]*\*\/[ \t]*$/, "", line)
	sub(/^[ \t]*\*[ \t]*/, "", line)
	in_comment = !last
	if (skip) {
		skip = in_comment
		return
	}
	if (line ~ /^---- .* ----$/) {
		code_ends()
		gsub(/^---- | ----$/, "", line)
		print ".SH " toupper(line)
		begun = 1
		return
	}
	if (line == "") {
		paragraph = in_comment
		return
	}
	if (starts)
		code_ends()
	if ((starts || paragraph) && !begun)
		print ".PP"
	if (starts || paragraph)
		fresh = 1
	starts = paragraph = begun = 0
	say(line)
}

function head()
{
	printf ".\\\" Made of cgview/*.h: changes here are lost.\n.TH CGVIEW 3 %s pct\n", date
	print ".nh\n.ad l\n.SH NAME"
	print "cgview \\- what a container may use and uses, as numbers"
	print ".SH SYNOPSIS\n.nf\n.B #include <cgview/cgview.h>"
	print "cc ... \\-lcgview\n.fi\n.SH DESCRIPTION"
	begun = 1
	fresh = 1
}

BEGIN { head() }

FNR == 1 { skip = in_code = 0; file++ }

# The last one is the example: from its first line of code on.
FILENAME ~ /\.c$/ {
	if (!example && /^#include/) {
		print ".SH EXAMPLE\n.nf"
		example = in_code = 1
	}
	if (example)
		print "\\&" roff($0)
	next
}

# A comment between declarations; those within one are indented. Of the other headers the first comment
# says that they are a part of this one.
/^\/\*/ {
	starts = 1
	paragraph = 0
	if (/SPDX/ || (file > 1 && FNR == 2))
		skip = 1
	comment($0)
	next
}

in_comment { comment($0); next }

/^#(pragma|include)/ { next }

/^[ \t]*$/ { code_ends(); next }

{
	if (!in_code)
		print ".nf"
	in_code = 1
	begun = 0
	gsub(/ CGV_CHECKED;/, ";")
	print "\\&" roff($0)
}

END {
	code_ends()
	print ".SH SEE ALSO\n.BR pctfs (8),\n.BR cgroups (7)"
}
