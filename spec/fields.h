/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of config.json as tables: a row a key. The rows say where a value goes
 * and what it may be; one parser for each kind of value puts it there.
 *
 * Invariant: a parser that reports an error leaves its target as it was; null is the same as
 * absent; an empty string in an optional field is the same as absent (which is what it means to
 * every engine).
 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct field;
struct object;
struct reader;
struct step;

/* Puts json, which is not null and stands at `at`, into base + field->offset. Says whether it was
 * valid. */
typedef bool parse_function(struct reader *, const struct step *at, const struct field *,
			    const json_t *json, char *base);

parse_function parse_text;    /* string -> const char * */
parse_function parse_name;    /* string of .names -> const char * */
parse_function parse_enum;    /* string of .names -> its number, in .size bytes */
parse_function parse_bool;
parse_function parse_integer; /* within .least and .most -> .size bytes */
parse_function parse_texts;   /* array of strings, of .names if there are any -> struct strings */
parse_function parse_bits;    /* array of strings of .names -> the sum of their numbers */
parse_function parse_capabilities; /* the same for bit numbers; unknown names are warnings */
parse_function parse_gids;    /* array of uint32 -> items and count */
parse_function parse_pairs;   /* object with string values -> struct pairs */
parse_function parse_object;  /* object of .object -> struct */
parse_function parse_list;    /* array of objects of .object -> items and count */
parse_function parse_map;     /* object whose members are of .object -> items and count */
parse_function parse_foreign; /* ignored with a warning: .note says why */

enum need {
	OPTIONAL,
	EXPECTED, /* REQUIRED by the specification, but taken as 0 by every runtime: a warning */
	REQUIRED,
};

struct field {
	const char *key; /* NULL ends a table */
	parse_function *parse;
	size_t offset, size;
	enum need need;
	size_t has;   /* offset of has_x, plus 1; 0: it has none */
	size_t count; /* of lists: offset of the number of items */
	int64_t least;
	uint64_t most;
	const struct name_value *names;
	const struct object *object;
	const char *note;
};

struct object {
	size_t size;           /* of the struct */
	const struct field *fields;
	size_t present;        /* offset of `present`, plus 1; 0: it has none */
	size_t key;            /* of members of a map: where the key goes */
	const void *defaults;  /* of list elements: what they begin as; NULL: zero */
};

#define AT(type, member) offsetof(struct type, member), sizeof(((struct type *)0)->member)
#define HAS(type, member) .has = offsetof(struct type, member) + 1
/* A list is a pointer and a count, wherever they are. What follows in its row must be
 * designated. */
#define LIST(type, items_, count_) AT(type, items_), .count = offsetof(struct type, count_)

#define HAS_PRESENT(type) .present = offsetof(struct type, present) + 1

/* Ranges. */
#define WITHIN(least_, most_) .least = (least_), .most = (most_)
#define ANY_U16 WITHIN(0, UINT16_MAX)
#define ANY_U32 WITHIN(0, UINT32_MAX)
#define ANY_ID WITHIN(0, UINT32_MAX - 1) /* the last one means "leave it" to the kernel: no id */
#define ANY_U64 WITHIN(0, UINT64_MAX)
#define ANY_I32 WITHIN(INT32_MIN, INT32_MAX)
#define ANY_I64 WITHIN(INT64_MIN, INT64_MAX)

/* Parses json, which stands at `at`, by the object's table into the struct at base. */
void fields_parse(struct reader *, const struct step *at, const struct object *,
		  const json_t *json, void *base);

/* Says that json is not what it must be. Always false. */
bool wrong_type(struct reader *, const struct step *at, const char *wanted, const json_t *json);
/* Looks text up in names; an unknown one is an error that names the known ones. NULL then. */
const struct name_value *need_name(struct reader *, const struct step *at,
				   const struct name_value *names, const char *text);
/* Stores the low bytes of value. */
void store(char *target, size_t size, uint64_t value);
/* Writes a list where the field's pointer and count are. */
void store_list(const struct field *, char *base, const void *items, size_t count);
/* The text of a string value, or NULL with an error said. */
const char *need_text(struct reader *, const struct step *at, const json_t *json);
