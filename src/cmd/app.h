/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_APP_H
#define DKMS_CMD_APP_H

/* The whole program but for process set-up; returns the exit status. */
int app_main(int argc, char **argv);

#endif
