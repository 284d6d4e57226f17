/* Special addresses and the operator's exceptions (address.h; RFC 6890). */
#include "fetch/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "base/num.h"

static const char *const special[] = {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4",
	"240.0.0.0/4", "::/128", "::1/128", "fe80::/10", "ff00::/8"};

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

bool address_allowed(const struct sockaddr *address, const struct request_list *allow)
{
	unsigned char bytes[16];
	int family = address->sa_family;

	if (family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, address, sizeof(in));
		memcpy(bytes, &in.sin_addr, 4);
	} else if (family == AF_INET6) {
		static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
		struct sockaddr_in6 in6;
		memcpy(&in6, address, sizeof(in6));
		memcpy(bytes, &in6.sin6_addr, 16);
		if (!memcmp(bytes, mapped, sizeof(mapped))) { /* ::ffff:127.0.0.1 is 127.0.0.1 */
			memmove(bytes, bytes + 12, 4);
			family = AF_INET;
		}
	} else {
		return false;
	}
	if (!in_list(special, iso_len(special), family, bytes))
		return true;
	return in_list(allow->v, allow->n, family, bytes);
}
