/* Which addresses may be connected to: decided on the address of the socket, not on names (D7). */
#ifndef FETCH_ADDRESS_H
#define FETCH_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "fetch/request.h"

/**
 * address_allowed() - everything but loopback, link-local, unspecified, multicast and the
 * addresses where clouds keep their metadata; those when an address or CIDR of @allow covers it
 *
 * An IPv4 address inside of an IPv6 one (mapped, compatible, SIIT, NAT64, 6to4) is judged as well.
 */
bool address_allowed(const struct sockaddr *address, const struct request_list *allow);

#endif
