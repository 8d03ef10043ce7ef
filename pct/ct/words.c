// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/ct/words.h"
#include "base/base.h"

/* One word, from @from to @to, which has room for it. NULL: a quote is not closed. */
static const char *take_word(const char *from, char **to)
{
	char quote = '\0';

	for (; *from && (quote || !strchr(" \t", *from)); from++) {
		if (*from == quote) {
			quote = '\0';
		} else if (!quote && (*from == '\'' || *from == '"')) {
			quote = *from;
		} else {
			/* In "..." it is for itself and the quote only. */
			if (*from == '\\' && from[1] && quote != '\'' &&
			    (!quote || from[1] == '"' || from[1] == '\\'))
				from++;
			*(*to)++ = *from;
		}
	}
	*(*to)++ = '\0';
	return quote ? NULL : from;
}

int words_split(const char *text, char ***out)
{
	size_t n = strlen(text), most = n / 2 + 2, count = 0;
	char **words = malloc(most * sizeof(*words) + n + 1), *to;

	if (!words)
		return -ENOMEM;
	to = (char *)&words[most];
	while (text && *(text += strspn(text, " \t"))) {
		words[count++] = to;
		text = take_word(text, &to);
	}
	words[count] = NULL;
	if (!text || count == 0) {
		free(words);
		return -EINVAL;
	}
	*out = words;
	return 0;
}
