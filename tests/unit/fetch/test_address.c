/* Which addresses an artifact may come from. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "fetch/address.h"

static bool judge(const char *text, const char *exception)
{
	struct request_list allow = {.n = exception ? 1 : 0, .v = {exception}};
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		return address_allowed((struct sockaddr *)&in, &allow);
	assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	return address_allowed((struct sockaddr *)&in6, &allow);
}

static void test_table(void **state)
{
	(void)state;
	static const struct {
		const char *address, *exception;
		bool want;
	} rows[] = {
		{"93.184.216.34", NULL, true},
		{"10.0.0.1", NULL, true},
		{"100.64.0.1", NULL, true},
		{"2606:2800:220:1::1", NULL, true},
		{"fd12::1", NULL, true},
		{"127.0.0.1", NULL, false},
		{"0.0.0.0", NULL, false},
		{"0.1.2.3", NULL, false},
		{"169.254.169.254", NULL, false},
		{"224.0.0.1", NULL, false},
		{"255.255.255.255", NULL, false},
		{"::", NULL, false},
		{"::1", NULL, false},
		{"fe80::1", NULL, false},
		{"febf::1", NULL, false},
		{"ff02::1", NULL, false},
		/* clouds */
		{"100.100.100.200", NULL, false},
		{"168.63.129.16", NULL, false},
		{"192.0.0.192", NULL, false},
		{"fd00:ec2::254", NULL, false},
		{"fd00:ec2::23", NULL, false},
		{"fd20:ce::254", NULL, false},
		/* IPv4 in IPv6 */
		{"::ffff:127.0.0.1", NULL, false},
		{"::ffff:169.254.169.254", NULL, false},
		{"::ffff:93.184.216.34", NULL, true},
		{"::127.0.0.1", NULL, false},
		{"::93.184.216.34", NULL, true},
		{"::ffff:0:127.0.0.1", NULL, false},
		{"::ffff:0:93.184.216.34", NULL, true},
		{"64:ff9b::7f00:1", NULL, false},
		{"64:ff9b::100.100.100.200", NULL, false},
		{"64:ff9b::93.184.216.34", NULL, true},
		{"64:ff9b:1::93.184.216.34", NULL, false},
		{"2002:7f00:1::", NULL, false},
		{"2002:a9fe:a9fe::1", NULL, false},
		{"2002:5db8:d822::1", NULL, true},
		{"2001::5db8:d822", NULL, false},
		/* exceptions */
		{"127.0.0.1", "127.0.0.0/8", true},
		{"127.0.0.1", "127.0.0.2", false},
		{"127.0.0.1", "127.0.0.0/33", false},
		{"127.0.0.1", "::/0", false},
		{"::ffff:127.0.0.1", "127.0.0.1", true},
		{"64:ff9b::7f00:1", "127.0.0.1", true},
		{"::1", "::1", true},
		{"::1", "127.0.0.1", false},
		{"fd00:ec2::254", "fd00:ec2::254/128", true},
		{"fe80::1", "fe80::/10", true},
	};
	for (size_t i = 0; i < iso_len(rows); i++)
		if (judge(rows[i].address, rows[i].exception) != rows[i].want)
			fail_msg("%s: expected %s", rows[i].address,
				rows[i].want ? "allowed" : "refused");
}

static void test_other_families(void **state)
{
	(void)state;
	const struct request_list allow = {.n = 0};
	const struct sockaddr local = {.sa_family = AF_UNIX};
	assert_false(address_allowed(&local, &allow));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_other_families),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
