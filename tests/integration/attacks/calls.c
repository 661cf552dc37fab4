/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the system calls that its arguments say, "NUMBER[:ARGUMENT]...", with the instruction of the architecture that it is
 * built for, and prints what each returned. "i" ahead of the number: with that of i386, from 64-bit code too.
 * Without a C library, so that a compiler for x86-64 alone can build it with -m32 and -mx32.
 */
typedef unsigned long long word;

#ifdef __i386__
enum { CALL_WRITE = 4, CALL_EXIT = 1 };
__asm__(".globl _start\n_start: mov %esp, %eax\n and $-16, %esp\n sub $12, %esp\n push %eax\n call run\n");
#else
enum { CALL_WRITE = sizeof(long) == 8 ? 1 : 0x40000001, CALL_EXIT = CALL_WRITE - 1 + 60 };
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call run\n");
#endif

static long call_i386(word number, const word *arg)
{
	int result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"((int)number), "b"((int)arg[0]), "c"((int)arg[1]),
			 "d"((int)arg[2]) : "memory");
	return result;
}

static long call(word number, const word *arg)
{
#ifdef __i386__
	return call_i386(number, arg);
#else
	word result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(arg[0]), "S"(arg[1]), "d"(arg[2])
			 : "rcx", "r11", "memory");
	return (long)result;
#endif
}

static word parse(const char **text)
{
	word value = 0;

	for (; **text >= '0' && **text <= '9'; ++*text)
		value = value * 10 + (word)(**text - '0');
	return value;
}

static void print(long value)
{
	char text[24];
	char *at = text + sizeof text;
	unsigned long rest = value < 0 ? -(unsigned long)value : (unsigned long)value;

	*--at = '\n';
	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		*--at = '-';
	call(CALL_WRITE, (const word[3]){ 1, (unsigned long)at, (word)(text + sizeof text - at) });
}

static long obey(const char *text)
{
	long (*const how)(word, const word *) = *text == 'i' ? call_i386 : call;
	word arg[3] = { 0 };
	word number;

	text += *text == 'i';
	number = parse(&text);
	for (int i = 0; i < 3 && *text == ':'; i++) {
		text++;
		arg[i] = parse(&text);
	}
	return how(number, arg);
}

__attribute__((used, noreturn)) void run(long *stack)
{
	char **argv = (char **)(stack + 1);

	for (long i = 1; i < *stack; i++)
		print(obey(argv[i]));
	for (;;)
		call(CALL_EXIT, (const word[3]){ 0 });
}
