/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IXGBE_H
#define IXGBE_H

#define DRV_VERSION "4.3.15"

int ixgbe_queues(void);

#endif
