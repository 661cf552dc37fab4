/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"

enum { OBJECTS = 200, ROUNDS = 20000 };

struct object {
	unsigned char *memory;
	size_t size;
	unsigned char mark;
};

static void check_mark(const struct object *o)
{
	for (size_t i = 0; i < o->size; i++)
		if (o->memory[i] != o->mark)
			fail_msg("%zu bytes: byte %zu is %u, not %u", o->size, i, o->memory[i],
				 o->mark);
}

static void mark(struct object *o, size_t from)
{
	memset(o->memory + from, o->mark, o->size - from);
}

static size_t some_size(void)
{
	static const size_t most[] = { 40, 700, 5000, 300 * 1024 };

	return (size_t)rand() % most[rand() % 100 ? rand() % 3 : 3];
}

/* Every config would be at risk of becoming another one: objects that overlap, lose what is in them
 * when they grow, or are not zero when they should be. */
static void objects_keep_what_is_in_them(void **state)
{
	struct heap heap = { 0 };
	struct object objects[OBJECTS] = { 0 };

	srand(7);
	for (int i = 0; i < ROUNDS; i++) {
		struct object *o = &objects[rand() % OBJECTS];
		size_t size = some_size(), before = o->size < size ? o->size : size;

		check_mark(o);
		if (o->memory && rand() % 2) {
			o->memory = heap_resize(&heap, o->memory, size);
			o->size = before;
			check_mark(o);
			o->size = size;
			mark(o, before);
			continue;
		}
		heap_free(&heap, o->memory);
		*o = (struct object){ heap_zeroed(&heap, 1, size), size, 0 };
		check_mark(o);
		o->mark = (unsigned char)rand();
		mark(o, 0);
	}
}

/* Structs of every kind are put in it: one at an odd address is undefined behaviour. */
static void memory_is_aligned(void **state)
{
	struct heap heap = { 0 };

	for (size_t size = 0; size < 3 * HEAP_ALONE; size = size * 5 / 4 + 1)
		assert_int_equal((uintptr_t)heap_alloc(&heap, size) % alignof(max_align_t), 0);
}

/* `tare events` runs for months: what it gives back it must get again. */
static void what_was_freed_is_used_again(void **state)
{
	struct heap heap = { 0 };

	for (size_t size = 1; size < HEAP_ALONE; size = size * 3 / 2 + 1) {
		void *memory = heap_alloc(&heap, size);

		heap_free(&heap, memory);
		assert_ptr_equal(heap_alloc(&heap, size), memory);
	}
}

/* A product that overflows must be no small object. */
static void too_much_is_refused(void **state)
{
	struct heap heap = { 0 };

	errno = 0;
	assert_null(heap_zeroed(&heap, SIZE_MAX / 2, 3));
	assert_int_equal(errno, ENOMEM);
	assert_null(heap_alloc(&heap, SIZE_MAX - 8));
	assert_null(heap_alloc(&heap, PTRDIFF_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_keep_what_is_in_them),
		cmocka_unit_test(memory_is_aligned),
		cmocka_unit_test(what_was_freed_is_used_again),
		cmocka_unit_test(too_much_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
