/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process of ours into a running container: what it is to become there, and how it gets in.
 */
#pragma once

#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>

/* What a user wants run in a container, on our own stdin, stdout and stderr. */
struct ct_command {
	const char *const *argv; /* NULL: the shell of its user */
	const char *user;	 /* as account_look_up() takes it; NULL: root */
	const char *cwd;	 /* NULL: "/"; of a shell, its user's home */
	const char *const *env;	 /* more "NAME=value", NULL at the end; or NULL */
	bool keep_env;		 /* the environment of pct besides */
	bool no_stdin;
};

/* The terminal of the container's own that it is to get: how that is set up. */
struct ct_terminal {
	const char *name; /* $TERM */
	bool has_modes;	  /* else they are as the kernel makes them */
	struct termios modes;
	struct winsize size;
};

/* How a process starts its life in a container. */
struct become {
	const struct ct_command *what;
	const struct ct_terminal *terminal; /* NULL: none */
	int gate;			    /* of the two ends of attach.c, its own */
	int out;			    /* and the other */
	int lock;			    /* held by who waits for it; or -EBADF */
	int patience_ms;
};

/* In the container, as liblxc calls it. Does not return before there is nothing to run. */
int become(void *b);

/* What the process says through the gate once it goes: 0, or why it has no terminal; with that
 * terminal's other end. */
struct become_answer {
	int error;
};

/*
 * 0 and the command's pid, a child of ours, with the other end of its terminal in @master if it is
 * to have one. Says errors.
 */
int ct_attach(unsigned vmid, const struct ct_command *what, const struct ct_terminal *terminal,
	      pid_t *pid, int *master);
