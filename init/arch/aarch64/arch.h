/* SPDX-License-Identifier: Apache-2.0 */
/* 64-bit Arm: how a program starts and how it calls the kernel. meson.build picks the folder. */
#pragma once

#define ARCH_ELF_MACHINE 183 /* EM_AARCH64 */
#define ARCH_HANDLER_FLAGS 0 /* of a signal handler that never returns */

/* The kernel leaves argc, argv and the environment on the stack, which is aligned. */
#define ARCH_START(function) \
	__asm__(".text\n.globl _start\n.type _start, %function\n_start:\n" \
		"mov x29, #0\n" \
		"mov x30, #0\n" \
		"mov x0, sp\n" \
		"bl " #function "\n" \
		"brk #1\n.size _start, . - _start\n")

/* What runs on at one speed, for --trace. */
static inline unsigned long arch_ticks(void)
{
	unsigned long ticks;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
}

static inline long arch_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
