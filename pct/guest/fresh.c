// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What must be another in each container, though their templates are one: machine id and the
 * secret keys that came with it.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "pct/guest/inner.h"

/* A system that finds none takes this start for its first: presets are applied. */
static void machine_id_set(struct guest *g)
{
	within_remove(&g->files, "etc/machine-id");
	/* dbus makes its own of it. */
	within_remove(&g->files, "var/lib/dbus/machine-id");
}

/* A secret that all who have the template know: made anew when it first starts. */
static void snakeoil(struct guest *g)
{
	static const char key[] = "etc/ssl/private/ssl-cert-snakeoil.key";
	static const char unit[] =
	    "[Unit]\n"
	    "Description=Make this machine's own self-signed certificate\n"
	    "ConditionPathExists=!/etc/ssl/private/ssl-cert-snakeoil.key\n"
	    "ConditionPathExists=/usr/sbin/make-ssl-cert\n"
	    "Before=basic.target\n"
	    "DefaultDependencies=no\n"
	    "After=local-fs.target\n"
	    "\n"
	    "[Service]\n"
	    "Type=oneshot\n"
	    "ExecStart=/usr/sbin/make-ssl-cert generate-default-snakeoil --force-overwrite\n";

	if (g->init != INIT_SYSTEMD || !within_there(&g->files, key))
		return;
	within_put(&g->files, "etc/systemd/system/pct-snakeoil.service", unit, 0644);
	within_link(&g->files, "etc/systemd/system/basic.target.wants/pct-snakeoil.service",
		    "/etc/systemd/system/pct-snakeoil.service");
	within_remove(&g->files, key);
}

/* ---- ssh ---- */

static const char *const kinds[] = { "rsa", "ecdsa", "ed25519" };

/* On the host, and not in the container: its programs are not trusted. */
static pid_t keygen(const char *dir, const char *kind, const char *comment)
{
	auto_free char *path = text_of("%s/%s", dir, kind);
	pid_t pid = fork();

	if (pid == 0) {
		auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);

		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		execlp("ssh-keygen", "ssh-keygen", "-q", "-t", kind, "-N", "", "-C", comment, "-f",
		       path, (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* Into the container; what is left on the host goes. */
static bool take_key(struct guest *g, const char *dir, const char *kind, const char *end,
		     mode_t mode)
{
	auto_free char *from = text_of("%s/%s%s", dir, kind, end);
	auto_free char *to = text_of("etc/ssh/ssh_host_%s_key%s", kind, end);
	auto_fd fd = open(from, O_RDONLY | O_CLOEXEC);
	char text[8192];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	(void)unlink(from);
	if (n <= 0)
		return false;
	text[n] = '\0';
	/* Not the template's with its mode, which may be any. */
	within_remove(&g->files, to);
	within_put(&g->files, to, text, mode);
	explicit_bzero(text, sizeof(text));
	return true;
}

static void make_host_keys(struct guest *g)
{
	auto_free char *run = path_to("run/pct"), *dir = path_to("run/pct/keys.XXXXXX");
	auto_free char *comment = text_of("root@%s", *g->hostname ? g->hostname : "localhost");
	pid_t pids[ARRAY_LEN(kinds)];
	size_t made = 0;

	/* Who has only the client needs none: to make one of RSA takes up to some seconds. */
	if (!within_there(&g->files, "usr/sbin/sshd") && !within_there(&g->files, "usr/bin/sshd"))
		return;
	if (paths_make(run, 0755) < 0 || !mkdtemp(dir)) {
		warn(-errno, "%s: make its ssh host keys", g->job->who);
		return;
	}
	/* At once: the first takes much longer than the others. */
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		pids[i] = keygen(dir, kinds[i], comment);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		int status = 0;

		if (pids[i] < 0 || waitpid(pids[i], &status, 0) < 0 || status)
			continue;
		made += take_key(g, dir, kinds[i], "", 0600) &&
			take_key(g, dir, kinds[i], ".pub", 0644);
	}
	(void)rmdir(dir);
	if (made < ARRAY_LEN(kinds))
		warn(0,
		     "%s: not all ssh host keys could be made, so it has its template's, which "
		     "others "
		     "may have, too: install openssh-client here, or run 'ssh-keygen -A' in it",
		     g->job->who);
}

/* Those that all who have the template have. */
static void forget_key(struct files *f, const char *name, void *arg)
{
	auto_free char *path = text_of("etc/ssh/%s", name);
	size_t n = strlen(name);

	(void)arg;
	if (strncmp(name, "ssh_host_", 9) == 0 &&
	    ((n > 4 && strcmp(name + n - 4, "_key") == 0) ||
	     (n > 8 && strcmp(name + n - 8, "_key.pub") == 0)))
		within_remove(f, path);
}

/*
 * By its own program when it first starts, before what else may make them: an RSA key takes
 * seconds, which nobody has to wait for here. ssh-keygen makes those that are missing, ed25519's
 * last.
 */
static bool unit_makes_keys(struct guest *g)
{
	static const char unit[] =
	    "[Unit]\n"
	    "Description=Make this machine's own ssh host keys\n"
	    "ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key\n"
	    "Before=ssh.service sshd.service sshd-keygen.service sshd-keygen.target "
	    "sshdgenkeys.service\n"
	    "Before=sshd-keygen@rsa.service sshd-keygen@ecdsa.service "
	    "sshd-keygen@ed25519.service\n"
	    "\n"
	    "[Service]\n"
	    "Type=oneshot\n"
	    "ExecStart=/usr/bin/ssh-keygen -A\n";

	if (g->init != INIT_SYSTEMD || !within_there(&g->files, "usr/bin/ssh-keygen"))
		return false;
	within_put(&g->files, "etc/systemd/system/pct-ssh-keys.service", unit, 0644);
	within_link(&g->files, "etc/systemd/system/multi-user.target.wants/pct-ssh-keys.service",
		    "/etc/systemd/system/pct-ssh-keys.service");
	return true;
}

/* OpenRC's script of sshd does. */
static bool script_makes_keys(struct guest *g)
{
	auto_free char *text = g->init == INIT_SYSTEMD || !g->distro->services
				   ? NULL
				   : within_read(&g->files, "etc/init.d/sshd");

	return text && strstr(text, "ssh-keygen");
}

static void host_keys_set(struct guest *g)
{
	if (!within_there(&g->files, "etc/ssh"))
		return;
	/* Who installs sshd later has them made then. */
	if (!within_there(&g->files, "usr/sbin/sshd") || unit_makes_keys(g) || script_makes_keys(g))
		within_each(&g->files, "etc/ssh", forget_key, NULL);
	else
		make_host_keys(g);
}

void fresh_set(struct guest *g)
{
	machine_id_set(g);
	snakeoil(g);
	host_keys_set(g);
}
