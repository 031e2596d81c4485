/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_MODPROBE_H
#define DKMS_SYS_MODPROBE_H

#include "base/strv.h"

/*
 * --modprobe-on-install: loads what the devices of this machine ask for (modprobe -a -b -q of every modalias below
 * /sys/devices) and starts systemd-modules-load again. Nothing of it can fail an installation.
 */
void modprobe_all(const struct strv *environment);

#endif
