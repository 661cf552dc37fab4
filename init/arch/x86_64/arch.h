/* SPDX-License-Identifier: Apache-2.0 */
/* x86-64: how a program starts and how it calls the kernel. meson.build picks the folder. */
#pragma once

#define ARCH_ELF_MACHINE 62 /* EM_X86_64 */
#define ARCH_HANDLER_FLAGS 0x04000000 /* SA_RESTORER: without it the kernel ends the process instead */

/* The kernel leaves argc, argv and the environment on the stack. */
#define ARCH_START(function) \
	__asm__(".text\n.globl _start\n.type _start, @function\n_start:\n" \
		"xorl %ebp, %ebp\n" \
		"movq %rsp, %rdi\n" \
		"andq $-16, %rsp\n" \
		"call " #function "\n" \
		"hlt\n.size _start, . - _start\n")

/* What runs on at one speed, for --trace. */
static inline unsigned long arch_ticks(void)
{
	unsigned low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (unsigned long)high << 32 | low;
}

static inline long arch_call(long number, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
