/* Compiler attributes under one name each, so that both compilers and both C libraries read the
 * same source. */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#define iso_must_use     __attribute__((warn_unused_result))
#define iso_printf(f, a) __attribute__((format(printf, f, a)))
#define iso_cleanup(fn)  __attribute__((cleanup(fn)))
#define iso_nonnull(...) __attribute__((nonnull(__VA_ARGS__)))
#define ISO_API          __attribute__((visibility("default")))
#define iso_len(array)   (sizeof(array) / sizeof((array)[0]))

#endif
