/* Which addresses may be connected to: decided on the address of the socket, not on names (D7). */
#ifndef FETCH_ADDRESS_H
#define FETCH_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "fetch/request.h"

/** address_allowed() - everything but loopback, link-local, unspecified and multicast; those when
 * an address or CIDR of @allow covers it */
bool address_allowed(const struct sockaddr *address, const struct request_list *allow);

#endif
