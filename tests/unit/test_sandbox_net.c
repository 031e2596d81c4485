/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/sandbox_net.h"

#include <arpa/inet.h>

#include "base/mem.h"
#include "unit.h"

static bool has(const struct sandbox_net *net, const char *address, unsigned port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

	if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
		return sandbox_net_has(net, (const struct sockaddr *)&in, sizeof(in));
	assert_int_equal(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
	return sandbox_net_has(net, (const struct sockaddr *)&in6, sizeof(in6));
}

static void addresses(void **state)
{
	static const struct {
		const char *text, *address;
		unsigned port;
		bool want;
	} rows[] = {
		{ "", "127.0.0.1", 1, false },
		{ "127.0.0.1", "127.0.0.1", 1, true },
		{ "127.0.0.1", "127.0.0.2", 1, false },
		{ "127.0.0.1:6379", "127.0.0.1", 6379, true },
		{ "127.0.0.1:6379", "127.0.0.1", 6380, false },
		{ "10.1.0.0/16:3632", "10.1.200.3", 3632, true },
		{ "10.1.0.0/16:3632", "10.2.200.3", 3632, false },
		{ "10.1.0.0/15", "10.0.0.1", 3632, true },
		{ "10.1.0.0/15", "10.2.0.1", 3632, false },
		{ "0.0.0.0/0", "192.0.2.1", 3632, true },
		{ "0.0.0.0/0", "::1", 3632, false },
		{ "::1", "::1", 3632, true },
		{ "[::1]:6379", "::1", 6379, true },
		{ "[::1]:6379", "::1", 80, false },
		{ "[fd00::]/8:80", "fd12::3", 80, true },
		{ "fd00::/8", "fd12::3", 80, true },
		{ "[fd00::/8]:80", "fd12::3", 80, true },
		{ "[fd00::/8]:80", "fd12::3", 81, false },
		{ "1.2.3.4 5.6.7.8,9.9.9.9:1", "9.9.9.9", 1, true },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEAN(strv) struct strv bad = { 0 };
		struct sandbox_net net = { 0 };

		sandbox_net_parse(rows[i].text, &net, &bad);
		if (has(&net, rows[i].address, rows[i].port) != rows[i].want)
			fail_msg("%s: %s port %u", rows[i].text, rows[i].address, rows[i].port);
		sandbox_net_done(&net);
	}
}

static void other_words(void **state)
{
	CLEAN(strv) struct strv bad = { 0 };
	struct sandbox_net net = { 0 };
	const struct sockaddr none = { .sa_family = AF_UNSPEC };

	sandbox_net_parse("/run/redis.sock 1.2.3.4/33 1.2.3.4:x 1.2.3.4:70000 1.2.3.4: :80 x/8 [::1 localhost:80", &net,
			  &bad);
	assert_int_equal(net.sockets.n, 1);
	assert_string_equal(net.sockets.items[0], "/run/redis.sock");
	assert_int_equal(bad.n, 6);
	assert_string_equal(bad.items[0], "1.2.3.4/33");
	assert_true(has(&net, "127.0.0.1", 80));
	assert_false(has(&net, "127.0.0.1", 81));
	assert_false(has(&net, "1.2.3.4", 80));
	assert_false(sandbox_net_has(&net, &none, 2));
	sandbox_net_done(&net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(other_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
