/* Numbers in the arena (number.h). */
#include "hcl/number.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_DIGITS = 160,
	MAX_EXPONENT = 10000,
	MAX_TEXT = 1024,
	TEXT_COST = 4096 /* finding the shortest decimal: tens of microseconds */
};

struct hcl_number *number_new(struct arena *arena)
{
	struct hcl_number *n = arena_new_of(arena, struct hcl_number);
	void *limbs = arena_alloc(arena, mpfr_custom_get_size(HCL_NUMBER_BITS));

	mpfr_custom_init(limbs, HCL_NUMBER_BITS);
	mpfr_custom_init_set(n->f, MPFR_ZERO_KIND, 0, HCL_NUMBER_BITS, limbs);
	return n;
}

static bool is_decimal(const char *t)
{
	bool digits = false;
	unsigned exponent = 0;

	t += *t == '-' || *t == '+';
	for (; *t >= '0' && *t <= '9'; t++)
		digits = true;
	if (*t == '.')
		for (t++; *t >= '0' && *t <= '9'; t++)
			digits = true;
	if (!digits)
		return false;
	if (*t == 'e' || *t == 'E') {
		t++;
		t += *t == '-' || *t == '+';
		if (!*t)
			return false;
		for (; *t >= '0' && *t <= '9'; t++) {
			exponent = exponent * 10 + (unsigned)(*t - '0');
			if (exponent > MAX_EXPONENT)
				return false;
		}
	}
	return !*t;
}

const struct hcl_number *number_parse(struct arena *arena, const char *text)
{
	if (strnlen(text, MAX_TEXT + 1) > MAX_TEXT || !is_decimal(text))
		return NULL;
	struct hcl_number *n = number_new(arena);
	(void)mpfr_set_str(n->f, text, 10, MPFR_RNDN);
	return n;
}

/* Do @digits decimals give the same number back? */
static bool reads_back(const struct hcl_number *n, size_t digits)
{
	char text[MAX_DIGITS + 32];
	mpfr_t again;
	bool same;

	mpfr_init2(again, HCL_NUMBER_BITS);
	(void)mpfr_snprintf(text, sizeof(text), "%.*RNe", (int)digits - 1, n->f);
	(void)mpfr_set_str(again, text, 10, MPFR_RNDN);
	same = mpfr_equal_p(again, n->f) != 0;
	mpfr_clear(again);
	return same;
}

static size_t shortest(const struct hcl_number *n)
{
	size_t low = 1, high = MAX_DIGITS;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (reads_back(n, middle))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static const char *zeros(struct arena *arena, size_t n)
{
	char *text = arena_alloc(arena, n + 1);
	memset(text, '0', n);
	return text;
}

const char *number_text(struct arena *arena, const struct hcl_number *n)
{
	mpfr_exp_t point;
	char *digits;

	if (mpfr_integer_p(n->f) && mpfr_fits_slong_p(n->f, MPFR_RNDN))
		return arena_printf(arena, "%ld", mpfr_get_si(n->f, MPFR_RNDN));
	(void)arena_spend(arena, TEXT_COST);
	digits = mpfr_get_str(NULL, &point, 10, shortest(n), n->f, MPFR_RNDN);
	if (!digits)
		return "0";
	const char *sign = *digits == '-' ? "-" : "", *d = digits + (*digits == '-');
	size_t len = strlen(d);
	while (len > 1 && d[len - 1] == '0')
		len--;
	const char *text;
	if (point <= 0)
		text = arena_printf(
			arena, "%s0.%s%.*s", sign, zeros(arena, (size_t)-point), (int)len, d);
	else if ((size_t)point >= len)
		text = arena_printf(
			arena, "%s%.*s%s", sign, (int)len, d, zeros(arena, (size_t)point - len));
	else
		text = arena_printf(arena, "%s%.*s.%.*s", sign, (int)point, d,
			(int)(len - (size_t)point), d + point);
	mpfr_free_str(digits);
	return text;
}
