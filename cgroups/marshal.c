/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/marshal.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/* The first byte of a message names its byte order. */
static char byte_order(void)
{
	return htole16(1) == 1 ? 'l' : 'B';
}

static size_t aligned(size_t at, size_t alignment)
{
	return (at + alignment - 1) / alignment * alignment;
}

void bus_align(struct strbuf *buffer, size_t alignment)
{
	static const char zeros[8];

	strbuf_add_bytes(buffer, zeros, aligned(buffer->length, alignment) - buffer->length);
}

void bus_put(struct strbuf *buffer, uint64_t value, size_t size)
{
	const uint8_t byte = (uint8_t)value;
	const uint16_t two = (uint16_t)value;
	const uint32_t four = (uint32_t)value;
	const void *const forms[] = { [1] = &byte, [2] = &two, [4] = &four, [8] = &value };

	bus_align(buffer, size);
	strbuf_add_bytes(buffer, forms[size], size);
}

void bus_put_string(struct strbuf *buffer, const char *text)
{
	size_t length = strlen(text);

	bus_put(buffer, length, 4);
	strbuf_add_bytes(buffer, text, length + 1);
}

void bus_put_signature(struct strbuf *buffer, const char *type)
{
	size_t length = strlen(type);

	bus_put(buffer, length, 1);
	strbuf_add_bytes(buffer, type, length + 1);
}

size_t bus_array_begin(struct strbuf *buffer, size_t alignment)
{
	size_t at;

	bus_put(buffer, 0, 4);
	at = buffer->length;
	bus_align(buffer, alignment);
	return at;
}

/* The length counts the elements, not what aligns the first. */
void bus_array_end(struct strbuf *buffer, size_t begun, size_t alignment)
{
	uint32_t length = (uint32_t)(buffer->length - aligned(begun, alignment));

	memcpy(buffer->text + begun - sizeof length, &length, sizeof length);
}

enum field { FIELD_PATH = 1, FIELD_INTERFACE, FIELD_MEMBER, FIELD_ERROR, FIELD_REPLY,
	     FIELD_DESTINATION, FIELD_SENDER, FIELD_SIGNATURE };

static void put_field(struct strbuf *buffer, enum field field, const char *type, const char *text)
{
	bus_align(buffer, 8);
	bus_put(buffer, field, 1);
	bus_put_signature(buffer, type);
	if (*type == 'g')
		bus_put_signature(buffer, text);
	else
		bus_put_string(buffer, text);
}

void bus_put_call(struct strbuf *buffer, uint32_t serial, const struct bus_call *call)
{
	autobuf head = { 0 }; /* alignment counts from the message's start */
	size_t fields;

	bus_put(&head, (uint8_t)byte_order(), 1);
	bus_put(&head, BUS_CALL, 1);
	bus_put(&head, 0, 1);
	bus_put(&head, 1, 1); /* the protocol's version */
	bus_put(&head, *call->signature ? call->body->length : 0, 4);
	bus_put(&head, serial, 4);
	fields = bus_array_begin(&head, 8);
	put_field(&head, FIELD_PATH, "o", call->path);
	put_field(&head, FIELD_INTERFACE, "s", call->interface);
	put_field(&head, FIELD_MEMBER, "s", call->member);
	put_field(&head, FIELD_DESTINATION, "s", call->destination);
	if (*call->signature)
		put_field(&head, FIELD_SIGNATURE, "g", call->signature);
	bus_array_end(&head, fields, 8);
	bus_align(&head, 8);
	strbuf_add_bytes(buffer, head.text, head.length);
	if (*call->signature)
		strbuf_add_bytes(buffer, call->body->text, call->body->length);
}

static const char *take(struct bus_reader *reader, size_t alignment, size_t size)
{
	size_t at = aligned(reader->at, alignment);

	if (reader->failed || at > reader->length || reader->length - at < size) {
		reader->failed = true;
		return NULL;
	}
	reader->at = at + size;
	return reader->bytes + at;
}

uint64_t bus_get(struct bus_reader *reader, size_t size)
{
	const char *bytes = take(reader, size, size);
	uint32_t four;
	uint64_t eight;

	if (!bytes)
		return 0;
	if (size == 1)
		return (uint8_t)*bytes;
	if (size == 4) {
		memcpy(&four, bytes, sizeof four);
		return four;
	}
	memcpy(&eight, bytes, sizeof eight);
	return eight;
}

static const char *get_text(struct bus_reader *reader, size_t length)
{
	const char *text = take(reader, 1, length + 1);

	if (text && (text[length] || strlen(text) != length))
		reader->failed = true;
	return reader->failed ? "" : text;
}

const char *bus_get_string(struct bus_reader *reader)
{
	return get_text(reader, bus_get(reader, 4));
}

static const char *get_signature(struct bus_reader *reader)
{
	return get_text(reader, bus_get(reader, 1));
}

/* Of the fields only those matter that say whose answer or which signal it is. */
static void parse_field(struct bus_reader *reader, struct bus_message *ret_message)
{
	enum field field = (enum field)(take(reader, 8, 0) ? bus_get(reader, 1) : 0);
	const char *type = get_signature(reader);
	const char *text = "";
	uint32_t number = 0;

	if (strcmp(type, "u") == 0)
		number = (uint32_t)bus_get(reader, 4);
	else if (strcmp(type, "g") == 0)
		text = get_signature(reader);
	else if (strcmp(type, "s") == 0 || strcmp(type, "o") == 0)
		text = bus_get_string(reader);
	else
		reader->failed = true;
	if (field == FIELD_MEMBER)
		ret_message->member = text;
	else if (field == FIELD_ERROR)
		ret_message->error = text;
	else if (field == FIELD_SIGNATURE)
		ret_message->signature = text;
	else if (field == FIELD_REPLY)
		ret_message->reply_serial = number;
}

enum { FIXED = 16 }; /* up to and with the length of the fields */

static uint32_t word(const char *bytes, size_t at)
{
	uint32_t value;

	memcpy(&value, bytes + at, sizeof value);
	return value;
}

long bus_message_size(const char *bytes, size_t length)
{
	uint32_t body, fields;

	if (length < FIXED)
		return 0;
	body = word(bytes, 4);
	fields = word(bytes, 12);
	if (bytes[0] != byte_order() || bytes[3] != 1 || body > BUS_MESSAGE_MAX ||
	    fields > BUS_MESSAGE_MAX)
		return -EPROTO;
	return (long)(aligned(FIXED + fields, 8) + body);
}

int bus_message_parse(const char *bytes, size_t length, struct bus_message *ret_message)
{
	struct bus_message message = { .member = "", .error = "", .signature = "" };
	struct bus_reader head = { .bytes = bytes, .length = length, .at = FIXED };
	size_t end, body;

	if (length < FIXED || bus_message_size(bytes, length) != (long)length)
		return -EPROTO;
	end = FIXED + word(bytes, 12);
	body = aligned(end, 8);
	head.length = end;
	while (head.at < end && !head.failed)
		parse_field(&head, &message);
	if (head.failed)
		return -EPROTO;
	message.type = (enum bus_type)bytes[1];
	message.body = (struct bus_reader){ .bytes = bytes + body, .length = length - body };
	*ret_message = message;
	return 0;
}
