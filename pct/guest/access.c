// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/guest/access.h"

#include <crypt.h>
#include <ctype.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <termios.h>

#include "base/say.h"
#include "pct/guest/within.h"
#include "pct/paths.h"
#include "pct/pct.h"

#define PASSWORD_MIN 5
#define PASSWORD_MAX 511 /* crypt(3) takes no more */

void access_free(struct access *a)
{
	if (a->password)
		explicit_bzero(a->password, strlen(a->password));
	free(a->password);
	free(a->keys);
	*a = (struct access){ 0 };
}

bool access_is_crypted(const char *password)
{
	static const char *const ids[] = { "$1$", "$2a$", "$2b$", "$2y$", "$5$",
					   "$6$", "$7$",  "$y$",  "$gy$" };

	if (strpbrk(password, ":! \t") || strlen(password) < 20)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		if (strncmp(password, ids[i], strlen(ids[i])) == 0)
			return true;
	return false;
}

char *access_crypt(const char *password, bool yescrypt)
{
	auto_free char *setting = NULL;
	auto_free void *data = NULL;
	char chance[32];
	int size = 0;
	const char *hash;

	if (access_is_crypted(password))
		return strdup(password);
	if (getrandom(chance, sizeof(chance), 0) != sizeof(chance))
		return NULL;
	setting = crypt_gensalt_ra(yescrypt ? "$y$" : "$6$", 0, chance, sizeof(chance));
	hash = setting ? crypt_ra(password, setting, &data, &size) : NULL;
	return hash && *hash != '*' ? strdup(hash) : NULL;
}

/* A line without its end, not shown. */
static int ask(const char *question, char *out, size_t size)
{
	struct termios was, quiet;
	bool tty = tcgetattr(STDIN_FILENO, &was) == 0;
	const char *got;

	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (tty)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	fputs(question, stderr);
	got = fgets(out, (int)size, stdin);
	if (tty)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	fputc('\n', stderr);
	if (!got)
		return refuse(-EIO, "password: nothing was typed");
	out[strcspn(out, "\n")] = '\0';
	return 0;
}

static int ask_twice(char **out)
{
	char first[PASSWORD_MAX + 2], second[PASSWORD_MAX + 2];
	int r;

	if (!isatty(STDIN_FILENO))
		return refuse(EXIT_USAGE,
			      "password: give it a value: there is no terminal to ask at");
	r = ask("New password: ", first, sizeof(first));
	if (r == 0)
		r = ask("The same again: ", second, sizeof(second));
	if (r == 0 && strcmp(first, second) != 0)
		r = refuse(EXIT_USAGE, "password: these are two different ones; try again");
	if (r == 0)
		*out = strdup(first);
	explicit_bzero(first, sizeof(first));
	explicit_bzero(second, sizeof(second));
	return r;
}

static int take_password(const char *given, char **out)
{
	int r = 0;

	if (*given)
		*out = strdup(given);
	else
		r = ask_twice(out);
	if (r != 0)
		return r;
	if (!*out)
		return fail(-ENOMEM, "take the password");
	if (strlen(*out) < PASSWORD_MIN || strlen(*out) > PASSWORD_MAX)
		return refuse(EXIT_USAGE, "password: it has from %d to %d characters", PASSWORD_MIN,
			      PASSWORD_MAX);
	for (const char *p = *out; *p; p++)
		if (iscntrl((unsigned char)*p))
			return refuse(EXIT_USAGE, "password: control characters are not allowed");
	return 0;
}

static int take_keys(const char *path, char **out)
{
	auto_fd fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	static char text[WITHIN_MAX + 2];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(-errno, "open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return refuse(-EINVAL, "'%s' is not a file of ssh's public keys", path);
	n = read(fd, text, WITHIN_MAX);
	if (n < 0)
		return fail(-errno, "read '%s'", path);
	if (n == 0 || n == WITHIN_MAX || memchr(text, '\0', (size_t)n) ||
	    strstr(text, "PRIVATE KEY") || strstr(text, "# --- "))
		return refuse(-EINVAL, "'%s' is not a file of ssh's public keys", path);
	if (text[n - 1] != '\n')
		text[n] = '\n';
	*out = strdup(text);
	return *out ? 0 : fail(-ENOMEM, "read '%s'", path);
}

int access_take(const char *password, const char *keys, struct access *out)
{
	auto_access a = { 0 };
	int r = password ? take_password(password, &a.password) : 0;

	if (r == 0 && keys)
		r = take_keys(keys, &a.keys);
	if (r == 0) {
		*out = a;
		a = (struct access){ 0 };
	}
	return r;
}

void guest_create(unsigned vmid, int root, const struct config *c, const struct access *a)
{
	auto_free char *who = text_of("CT %u", vmid);
	const struct guest_job job = { .who = who,
				       .vmid = vmid,
				       .root = root,
				       .config = c,
				       .when = GUEST_CREATE,
				       .parts = GUEST_ALL,
				       .password = a->password,
				       .keys = a->keys };
	struct guest_done done;

	guest_setup(&job, &done);
}
