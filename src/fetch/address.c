/* Special addresses, IPv4 addresses inside of IPv6 ones, and the operator's exceptions (address.h;
 * RFC 6890). */
#include "fetch/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/num.h"

static const char *const special[] = {
	"0.0.0.0/8",
	"127.0.0.0/8",
	"169.254.0.0/16",
	"224.0.0.0/4",
	"240.0.0.0/4",
	"::/128",
	"::1/128",
	"fe80::/10",
	"ff00::/8",
	/* What clouds tell their machines, with keys in it, where it is not link-local: Alibaba,
	 * Azure, Oracle, AWS, Google. */
	"100.100.100.200",
	"168.63.129.16",
	"192.0.0.192",
	"fd00:ec2::/32",
	"fd20:ce::254",
	/* Translators whose rules nobody outside of them knows: Teredo, local NAT64 (RFC 8215). */
	"2001::/32",
	"64:ff9b:1::/48",
};

/* IPv6 that a host or a router turns into IPv4: where it leads to is what counts. */
static const struct embedding {
	const char *prefix;
	size_t at; /* of the IPv4 address, bytes */
} embeddings[] = {
	{"::ffff:0:0/96", 12},   /* mapped */
	{"::/96", 12},           /* compatible */
	{"::ffff:0:0:0/96", 12}, /* SIIT */
	{"64:ff9b::/96", 12},    /* NAT64 */
	{"2002::/16", 2},        /* 6to4 */
};

static bool prefix_equal(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	if (memcmp(a, b, bytes) != 0)
		return false;
	return !rest || (a[bytes] ^ b[bytes]) >> (8 - rest) == 0;
}

/* @cidr: "address" or "address/bits" */
static bool covers(const char *cidr, int family, const unsigned char *address)
{
	char text[64];
	unsigned char network[16];
	uint64_t bits = family == AF_INET ? 32 : 128, most = bits;
	size_t len = strcspn(cidr, "/");

	if (len >= sizeof(text))
		return false;
	memcpy(text, cidr, len);
	text[len] = '\0';
	if (inet_pton(family, text, network) != 1)
		return false;
	if (cidr[len] && (!num_u64(cidr + len + 1, &bits) || bits > most))
		return false;
	return prefix_equal(network, address, (unsigned)bits);
}

static bool in_list(const char *const *list, size_t n, int family, const unsigned char *address)
{
	for (size_t i = 0; i < n; i++)
		if (covers(list[i], family, address))
			return true;
	return false;
}

static bool allowed(int family, const unsigned char *address, const struct request_list *allow)
{
	return !in_list(special, iso_len(special), family, address) ||
	       in_list(allow->v, allow->n, family, address);
}

static const unsigned char *embedded(const unsigned char *address)
{
	for (size_t i = 0; i < iso_len(embeddings); i++)
		if (covers(embeddings[i].prefix, AF_INET6, address))
			return address + embeddings[i].at;
	return NULL;
}

bool address_allowed(const struct sockaddr *address, const struct request_list *allow)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, address, sizeof(in));
		return allowed(AF_INET, (const unsigned char *)&in.sin_addr, allow);
	}
	if (address->sa_family != AF_INET6)
		return false;
	struct sockaddr_in6 in6;
	memcpy(&in6, address, sizeof(in6));
	const unsigned char *bytes = in6.sin6_addr.s6_addr;
	const unsigned char *inner = embedded(bytes);
	if (inner && !allowed(AF_INET, inner, allow))
		/* an exception for the whole address is one, too: "::1" */
		return in_list(allow->v, allow->n, AF_INET6, bytes);
	return allowed(AF_INET6, bytes, allow);
}
