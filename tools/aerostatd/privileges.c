// SPDX-License-Identifier: GPL-2.0
/*
 * --user: become somebody who may do nothing but open /dev/aerostat, for good.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "aerostatd.h"

/**
 * privileges_find() - look up whom to become
 * @privileges: result
 * @name: who
 *
 * Return: 0 or a negative errno.
 */
int privileges_find(struct privileges *privileges, const char *name)
{
	const struct passwd *user;
	int err;

	errno = 0;
	user = getpwnam(name);
	if (!user) {
		err = errno ? -errno : -ENOENT;
		log_error("--user %s: %s", name, err == -ENOENT ? "no such user" : strerror(-err));
		return err;
	}
	if (geteuid()) {
		log_error("--user %s: only root can become another user", name);
		return -EPERM;
	}
	if (!user->pw_uid || !user->pw_gid) {
		log_error("--user %s: that is root, or its group; name another user", name);
		return -EINVAL;
	}
	*privileges = (struct privileges){
		.name = name,
		.uid = user->pw_uid,
		.gid = user->pw_gid,
	};
	return 0;
}

/* setresuid() may leave inheritable ones, and all of them if securebits say so. */
static int privileges_drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { };

	return syscall(SYS_capset, &header, none) ? -1 : 0;
}

/**
 * privileges_drop() - become that user, without a way back
 * @privileges: who
 *
 * Return: 0, or a negative errno, and then the caller must not go on.
 */
int privileges_drop(const struct privileges *privileges)
{
	const char *what = "supplementary groups";
	int err;

	if (initgroups(privileges->name, privileges->gid))
		goto fail;
	what = "group";
	if (setresgid(privileges->gid, privileges->gid, privileges->gid))
		goto fail;
	what = "user";
	if (setresuid(privileges->uid, privileges->uid, privileges->uid))
		goto fail;
	what = "capabilities";
	if (privileges_drop_capabilities())
		goto fail;
	what = "no new privileges";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		goto fail;
	/* Believe only what has been seen. */
	what = "the way back is open";
	if (!setuid(0) || !setgid(0)) {
		errno = ENOTRECOVERABLE;
		goto fail;
	}
	return 0;

fail:
	err = -errno;
	log_error("--user %s: %s: %s", privileges->name, what, strerror(-err));
	return err;
}
